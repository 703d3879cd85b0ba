// Controls for animated figures. A figure is complete without them: they only switch its CSS
// animations on and move their clock. No geometry is known here.
(() => {
  "use strict";

  const ICONS = {
    back: "M6 5h2.5v14H6zM19 5v14l-9.5-7z",
    play: "M8 4.5v15l12-7.5z",
    pause: "M6.5 5h4v14h-4zM13.5 5h4v14h-4z",
    forward: "M15.5 5H18v14h-2.5zM5 5l9.5 7L5 19z",
  };
  const ROUNDS = 2; // so often a figure plays by itself
  const SPEEDS = [0.25, 0.5, 1, 2, 4];
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const afterPrinting = new WeakMap(); // what each figure does then; figures may leave the page

  const make = (tag, attributes) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  const show = (button, icon, label) => {
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[icon]}"/></svg>`;
    button.setAttribute("aria-label", label);
    button.title = label;
  };

  const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // A range such as 1–2, a name such as VGG-16, a result, and a number with its unit stay on one line.
  const whole = (text) =>
    text
      .replace(/(\S)([–～])(?=\S)/g, "$1\u2060$2\u2060")
      .replace(/(\w)-(?=\w)/g, "$1\u2011")
      .replace(/ (?=→)|(?<=[→+−≈=]) (?=\d)|(?<=\d) (?=px\b|番)/g, "\u00a0");

  function control(figure) {
    const words = JSON.parse(figure.dataset.cx);
    const { labels, rows, columns, seconds } = words;
    const steps = rows.length * columns.length;
    const picture = figure.querySelector("svg");
    figure.dataset.cxReady = "";
    if (steps < 2) return;

    const sentence = (at) => {
      const [row, reads] = rows[Math.floor(at / columns.length)];
      const [column, across] = columns[at % columns.length];
      const values = { step: count.format(at + 1), row, column, rows: reads, columns: across };
      return whole(fill(words.status, values));
    };
    const count = new Intl.NumberFormat(figure.lang || undefined);
    const name = `${labels.controls}: ${picture.querySelector("title").textContent}`;
    const panel = make("div", { class: "cx-controls", role: "group", "aria-label": name });
    const [back, play, forward] = [0, 1, 2].map(() => make("button", { type: "button" }));
    const slider = make("input", { type: "range", min: 1, max: steps, "aria-label": labels.step });
    const speed = make("select", { "aria-label": labels.speed, title: labels.speed });
    for (const rate of SPEEDS) {
      const option = make("option", { value: rate });
      option.textContent = `${count.format(rate)}×`;
      option.selected = rate === 1;
      speed.append(option);
    }
    const status = make("p", { class: "cx-status" });
    const told = make("span", {});
    status.append(told);
    const all = rows.flatMap((_, row) => columns.map((_, column) => sentence(row * columns.length + column)));
    // Room for the longest of them, so that nothing below moves.
    status.dataset.longest = all.reduce((one, other) => (other.length > one.length ? other : one));
    show(back, "back", labels.back);
    show(forward, "forward", labels.forward);
    panel.append(back, play, forward, slider, speed);
    figure.append(panel, status);

    let step = words.still;
    let playing = false;
    let wanted = false; // what the reader asked for; out of sight nothing plays
    let rounds = Infinity; // that are left to play

    const clocks = () => picture.getAnimations({ subtree: true });

    const tell = () => {
      slider.value = step + 1;
      told.textContent = sentence(step);
      // While a figure plays, a slider that has the focus would be read out at each step.
      if (!playing) slider.setAttribute("aria-valuetext", sentence(step));
    };

    const go = (next) => {
      step = (next + steps) % steps;
      figure.classList.add("cx-moving");
      // The middle of a step, so that no rounding can fall on its neighbour.
      for (const clock of clocks()) {
        clock.playbackRate = Number(speed.value);
        clock.currentTime = (step + 0.5) * seconds * 1000;
      }
      tell();
    };

    const run = (on) => {
      playing = on;
      for (const clock of clocks()) if (!on) clock.pause();
      // A clock that stops between two frames may be a step ahead of what was told.
      if (on || figure.classList.contains("cx-moving")) go(step);
      for (const clock of clocks()) if (on) clock.play();
      show(play, on ? "pause" : "play", on ? labels.pause : labels.play);
      if (!on) tell();
      if (on) requestAnimationFrame(watch);
    };

    // Back to the still picture, which is complete.
    const rest = () => {
      wanted = playing = false;
      figure.classList.remove("cx-moving");
      step = words.still;
      show(play, "play", labels.play);
      tell();
    };

    const watch = () => {
      if (!playing || !figure.isConnected) return;
      const time = clocks()[0]?.currentTime;
      const now = Math.floor(time / (seconds * 1000)) % steps;
      if (time != null && now !== step) {
        rounds -= now < step;
        step = now;
        if (rounds <= 0) return rest();
        tell();
      }
      requestAnimationFrame(watch);
    };

    // A step is announced when the reader asks for it, never while the figure plays by itself;
    // a slider announces its own value.
    const ask = (next, announce) => {
      wanted = false;
      status.setAttribute("aria-live", announce ? "polite" : "off");
      go(next);
      run(false);
    };

    back.addEventListener("click", () => ask(step - 1, true));
    forward.addEventListener("click", () => ask(step + 1, true));
    slider.addEventListener("input", () => ask(slider.value - 1, false));
    speed.addEventListener("change", () => run(playing));
    // What stands for a step leads to it.
    picture.addEventListener("click", ({ target }) => {
      const mark = target.closest("[data-step]");
      if (mark) ask(Number(mark.dataset.step), true);
    });
    play.addEventListener("click", () => {
      wanted = !playing;
      rounds = Infinity;
      status.setAttribute("aria-live", "off");
      run(wanted);
    });
    // Printing takes the animations away; they come back with a clock of their own.
    afterPrinting.set(figure, () => figure.classList.contains("cx-moving") && run(playing));

    tell();
    run(false);
    if (!still.matches) {
      wanted = true;
      rounds = ROUNDS;
      step = 0;
    }
    new IntersectionObserver(([entry]) => {
      if (entry.isIntersecting !== playing && wanted) run(entry.isIntersecting);
    }, { threshold: 0.25 }).observe(figure);
  }

  matchMedia("print").addEventListener("change", ({ matches: printing }) => {
    if (printing) return;
    for (const figure of document.querySelectorAll(".cx-figure")) afterPrinting.get(figure)?.();
  });

  const start = () => document.querySelectorAll(".cx-figure[data-cx]:not([data-cx-ready])").forEach(control);
  // Whoever puts a figure into the page later says so.
  addEventListener("cx-figures", start);
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();

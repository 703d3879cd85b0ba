// The playground: its forms ask, Python in a worker answers, and the address says what is asked.
// Nothing is computed here, nothing that was typed is executed, and nothing is sent to anyone.

const LIMIT = 5000; // milliseconds for an answer; then Python is stopped and started again
const PAUSE = { text: 250, address: 300, working: 400, spoken: 600, entry: 2000 };
const STARTED = "cnnexplain-playground"; // in this tab: its files are in the browser's cache

const play = document.getElementById("cx-play");
const { runtime, archive, bytes } = play.parentElement.dataset;
const absolute = (address) => new URL(address, document.baseURI).href;
const words = JSON.parse(play.dataset.words);
const percent = new Intl.NumberFormat(play.lang, { style: "percent" });
const find = (name) => document.getElementById(`cx-play-${name}`);
const button = find("start");
const progress = find("progress");
const status = find("status");
const forms = { window: find("form-window"), network: find("form-network") };
const answers = { window: find("answer-window"), network: find("answer-network") };
const tabs = {};

const make = (tag, attributes, ...content) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
};

const fill = (words, values) => words.replace(/\{(\w+)\}/g, (_, name) => values[name]);

// What the forms say, and what they are told.

let tool = "window";

const named = (form) => [...form.elements].filter((each) => each.name);
const valueOf = (field) => (field.type === "checkbox" ? String(Number(field.checked)) : field.value);
const stateOf = (form) => Object.fromEntries(named(form).map((each) => [each.name, valueOf(each)]));
const slider = (field) => document.getElementById(`${field.id}-slider`);
const defaults = { window: stateOf(forms.window), network: stateOf(forms.network) };

function put(state) {
  const known = Object.hasOwn(forms, state.tool) ? state : { ...state, tool: "window" };
  const full = { ...defaults[known.tool], ...known };
  for (const field of named(forms[known.tool])) {
    if (field.type === "checkbox") field.checked = full[field.name] === "1";
    else if (field.type !== "hidden") field.value = full[field.name];
    if (slider(field)) slider(field).value = field.value;
  }
  show(known.tool);
  name();
}

// One tool is seen at a time; without this script, both are.
function show(chosen) {
  tool = play.dataset.tool = chosen;
  for (const each of Object.keys(forms)) {
    forms[each].hidden = answers[each].hidden = each !== chosen;
    tabs[each].setAttribute("aria-pressed", each === chosen);
  }
}

// The preset that the form shows; if it is none, the last option, which asks for nothing.
function name() {
  const select = forms[tool].querySelector(".cx-play-preset");
  const now = stateOf(forms[tool]);
  const same = ({ dataset }) =>
    [...new URLSearchParams(dataset.query)].every(([key, value]) => now[key]?.trim() === value.trim());
  select.selectedIndex = [...select.options].findIndex(same);
}

// The address: one entry of the history for each change, however many answers it took. The state is
// in its fragment, which a browser sends to nobody.

let last = { control: null, at: -Infinity };
let writing;

function write(control) {
  clearTimeout(writing);
  writing = setTimeout(() => {
    const address = `#${new URLSearchParams(stateOf(forms[tool]))}`;
    const goesOn = control === last.control && performance.now() - last.at < PAUSE.entry;
    history[goesOn ? "replaceState" : "pushState"](null, "", address);
    restored = location.hash;
    last = { control, at: performance.now() };
  }, PAUSE.address);
}

let restored = "";

function restore() {
  // A link to a section of the page moves in the history too.
  const { hash } = location;
  if (hash === restored || (hash && !hash.includes("tool="))) return;
  restored = hash;
  clearTimeout(writing);
  last = { control: null, at: -Infinity };
  put(Object.fromEntries(new URLSearchParams(hash.slice(1))));
  ask();
}

// Python, and its answers: one at a time, and after it the newest question alone.

let worker = null;
let ready = false;
let asked = null; // the question that is being answered
let waiting = null; // the newest one that is not
let count = 0;
let limit;
let stopped = false; // the last question was too much, and Python starts anew

function begin() {
  worker?.terminate();
  ready = false;
  asked = null;
  button.hidden = true;
  progress.hidden = false;
  load(0);
  worker = new Worker(new URL("playground-worker.js", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }) => hear(data));
  worker.addEventListener("error", (event) => fail(event.message ?? ""));
  worker.postMessage({ runtime: absolute(runtime), archive: absolute(archive) });
}

function hear({ arrived, ready: started, id, answer, failed }) {
  if (arrived) {
    load(Math.min(arrived / bytes, 1));
  } else if (started) {
    ready = true;
    progress.hidden = true;
    find("loads").textContent = words.ready;
    if (!stopped) say("");
    remember(true);
    next();
  } else if (failed !== undefined && !ready) {
    fail(failed);
  } else if (id === asked?.id) {
    if (failed !== undefined) return stop(words.stopped);
    clearTimeout(limit);
    stopped = false;
    const { state } = asked;
    asked = null;
    tell(state.tool, JSON.parse(answer));
    next();
  }
}

function ask() {
  waiting = stateOf(forms[tool]);
  const example = !worker && Object.entries(defaults[tool]).every(([key, value]) => waiting[key] === value);
  answers[tool].classList.toggle("cx-play-old", !example);
  if (worker) next();
  else say(example ? "" : words.unstarted);
}

function next() {
  if (!ready || asked || !waiting) return;
  asked = { id: (count += 1), state: waiting };
  waiting = null;
  clearTimeout(limit);
  limit = setTimeout(() => stop(fill(words.slow, { seconds: LIMIT / 1000 })), LIMIT);
  if (!stopped) say(words.working, PAUSE.working);
  worker.postMessage({ ...asked, language: play.lang });
}

// Python cannot be interrupted: its thread ends, and another one begins.
function stop(sentence) {
  clearTimeout(limit);
  stopped = true;
  refuse(asked.state.tool, sentence);
  begin();
}

function fail(reason) {
  worker?.terminate();
  worker = asked = null;
  ready = false;
  progress.hidden = true;
  button.hidden = false;
  button.textContent = words.again;
  remember(false);
  say(fill(words.failed, { reason }));
}

// Said in quarters, not in bytes: a screen reader tells all of it.
function load(part) {
  progress.value = part;
  if (stopped) return;
  const said = part < 1 ? fill(words.loading, { percent: percent.format(Math.floor(part * 4) / 4) }) : words.starting;
  if (status.textContent !== said) say(said);
}

// Where the browser lets a page keep nothing, every page asks again.
function remember(started) {
  try {
    if (started) sessionStorage.setItem(STARTED, absolute(archive));
    else sessionStorage.removeItem(STARTED);
  } catch {}
}

function remembered() {
  try {
    return sessionStorage.getItem(STARTED) === absolute(archive);
  } catch {
    return false;
  }
}

// What is shown and said.

let speaking;

function say(sentence, pause = 0) {
  clearTimeout(speaking);
  if (pause) speaking = setTimeout(() => (status.textContent = sentence), pause);
  else status.textContent = sentence;
}

const shown = new WeakMap(); // what stands in each part

function tell(which, told) {
  const section = answers[which];
  section.querySelector("h2").textContent = tabs[which].textContent;
  section.classList.toggle("cx-play-old", waiting?.tool === which);
  if (told.error) return refuse(which, told.error);
  const parts = told.parts.map(({ id, heading, html }) => {
    const at = `cx-play-${which}-part-${id}`;
    const known = document.getElementById(at);
    if (known && shown.get(known) === html) return known;
    const part = make("section", { id: at, class: "cx-play-part", "data-part": id }, make("h3", {}, heading));
    part.insertAdjacentHTML("beforeend", html);
    shown.set(part, html);
    return part;
  });
  replace(section, [...parts, ...saving(told.files)]);
  say(told.summary, PAUSE.spoken);
}

function refuse(which, sentence) {
  const section = answers[which];
  section.classList.remove("cx-play-old");
  // It stands where the answer would, is announced from there, and nowhere else.
  replace(section, [make("p", { class: "cx-play-error", role: "alert" }, sentence)]);
  say("");
}

// Puts these below the heading; what is there already is not touched, so that a figure plays on.
function replace(section, wanted) {
  const heading = section.querySelector("h2");
  for (const each of [...section.children]) if (each !== heading && !wanted.includes(each)) each.remove();
  let before = heading;
  for (const each of wanted) {
    if (before.nextElementSibling !== each) before.after(each);
    before = each;
  }
  for (const box of section.querySelectorAll(".cx-table, pre > code")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
  section.querySelectorAll(".cx-play-code:not(:has(button))").forEach(copying);
  dispatchEvent(new Event("cx-figures"));
}

function saving(files) {
  const press = (label, act) => {
    const each = make("button", { type: "button" }, label);
    each.addEventListener("click", () => act(each));
    return each;
  };
  const link = press(words.link, () => copy(location.href, words.linked));
  const saved = files.map((file) => press(file.label, () => save(file)));
  const label = make("span", { "aria-hidden": "true" }, words.download);
  return [make("div", { class: "cx-play-files", role: "group", "aria-label": words.download }, label, ...saved, link)];
}

function copying(code) {
  const each = make("button", { type: "button", class: "cx-play-copy" }, words.copy);
  const program = code.textContent;
  each.addEventListener("click", () => copy(program, words.copied));
  code.append(each);
}

async function copy(given, done) {
  try {
    await navigator.clipboard.writeText(given);
    say(done);
  } catch {
    // The browser keeps its clipboard to itself; the text can still be selected.
  }
}

function save({ name: file, type, content }) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: address, download: file }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

// The controls.

let typing;

function changed(control, pause = 0) {
  name();
  clearTimeout(typing);
  if (pause) typing = setTimeout(ask, pause);
  else ask();
  write(control);
}

function listen(form) {
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", ({ target }) => {
    if (target.classList.contains("cx-play-preset")) {
      put(Object.fromEntries(new URLSearchParams(target.selectedOptions[0].dataset.query)));
      return changed(target.id);
    }
    const field = target.dataset.for ? document.getElementById(target.dataset.for) : target;
    if (field !== target) field.value = target.value;
    else if (slider(field)) slider(field).value = field.value;
    const types = ["TEXTAREA", "INPUT"].includes(target.tagName) && !["range", "checkbox"].includes(target.type);
    changed(field.id, types ? PAUSE.text : 0);
  });
  form.querySelector("fieldset").disabled = false;
}

function choices() {
  for (const [each, form] of Object.entries(forms)) {
    tabs[each] = make("button", { type: "button" }, form.querySelector("legend").textContent);
    tabs[each].addEventListener("click", () => {
      show(each);
      changed(each);
    });
  }
  const group = make("div", { class: "cx-play-tools", role: "group", "aria-label": words.tools }, ...Object.values(tabs));
  forms.window.before(group);
}

if (button) {
  play.classList.add("cx-play-live");
  choices();
  Object.values(forms).forEach(listen);
  button.hidden = false;
  button.addEventListener("click", () => {
    begin();
    status.tabIndex = -1;
    status.focus(); // the button is gone
    waiting ??= stateOf(forms[tool]);
  });
  addEventListener("popstate", restore);
  show("window");
  name();
  restore();
  if (restored && remembered()) button.click();
}

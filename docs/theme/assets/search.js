// What a reader types finds words as the theme's index has them. It is loaded before the theme's own
// script, which may start the search at once where the index is in the browser's cache.

// Material cuts Japanese pages into words for its index, but not what a reader types: its message
// of type 2. The same segmenter, loaded after this file, does that here; else 出力サイズ finds nothing.
if (document.documentElement.lang === "ja") {
  window.lunr = {};
  // It would take an element with one of these ids for the module system of Node or of AMD.
  window.exports = window.define = undefined;
  const japanese = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}ー々]+/gu;
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.type === 2 && !window.lunr.TinySegmenter && document.readyState !== "complete") {
      addEventListener("load", () => this.postMessage(message, ...rest), { once: true });
      return;
    }
    if (message.type === 2 && window.lunr.TinySegmenter) {
      const segmenter = new window.lunr.TinySegmenter();
      const word = (part) => !/^\p{sc=Hiragana}$/u.test(part); // a particle is in every sentence
      const words = (run) => segmenter.segment(run).filter(word).join("* ") || run;
      message = { ...message, data: message.data.replace(japanese, words) };
    }
    return post.call(this, message, ...rest);
  };
}

// In French, what is typed without accents finds the words that have them: those of the index, which
// passes by in the theme's message of type 0.
if (document.documentElement.lang === "fr") {
  const plain = (word) => word.normalize("NFD").replace(/\p{M}/gu, "");
  const post = Worker.prototype.postMessage;
  let docs = [];
  let known; // each word of the index and its plain form, once somebody searches
  const words = ({ title, text }) => `${title} ${text}`.toLowerCase().match(/\p{L}+/gu) ?? [];
  const meant = (typed) => {
    known ??= [...new Set(docs.flatMap(words))].map((word) => [word, plain(word)]);
    const alike = known.filter(([, word]) => word.startsWith(typed.toLowerCase()));
    return [...new Set(alike.map(([word]) => word.slice(0, typed.length)))].join("* ") || typed;
  };
  Worker.prototype.postMessage = function (message, ...rest) {
    if (message.type === 0) ({ docs } = message.data);
    if (message.type === 2) message = { ...message, data: message.data.normalize().replace(/\p{L}{3,}/gu, meant) };
    return post.call(this, message, ...rest);
  };
}

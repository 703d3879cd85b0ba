// What scrolls sideways can be reached with the keyboard, in browsers that do not see to it too.
addEventListener("load", () => {
  for (const box of document.querySelectorAll(".formula, .output, .cx-table, .cx-terminal > code, .md-typeset__scrollwrap")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  }
});

// The theme makes a landmark for the copy button of each block of code, all of one name.
addEventListener("load", () => {
  for (const each of document.querySelectorAll(".md-code__nav")) each.role = "none";
});

// The theme would look for a sitemap beside each page of which another is a translation, to find
// what its switch leads to already; it looks for links that are this and nothing else.
for (const link of document.querySelectorAll("link[rel=alternate]")) link.rel = "alternate alternate";

// Another language opens at the same section: the ids are the same.
for (const link of document.querySelectorAll(".md-select__link[hreflang]")) {
  link.addEventListener("click", () => (link.hash = location.hash));
}

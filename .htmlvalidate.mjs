// What the built pages are held to: the HTML standard. What is off is off for a reason.
export default {
  root: true,
  extends: ["html-validate:standard"],
  rules: {
    // Material's switches are checkboxes that a browser must not restore; it says so by autocomplete.
    "valid-autocomplete": "off",
    // A bare > in a text, as in the title of a figure, is right HTML.
    "no-raw-characters": "off",
  },
};

// The language: Japanese or English, as the browser prefers, until somebody switches.

import { remember } from "./settings.js";
import { strings as en } from "./strings.en.js";
import { strings as ja } from "./strings.ja.js";

const languages = { en, ja };
const listeners = [];

/** The strings of the language there is now. */
export const t = () => languages[document.documentElement.lang] ?? en;

/** Calls whenever the language changes. */
export function onLanguage(listener) {
  listeners.push(listener);
}

/** Fills in what stands in index.html. `data-t` is a text, `data-t-…` an attribute. */
function translate() {
  const strings = t().page;
  const attributes = {
    label: "aria-label",
    description: "aria-description",
    placeholder: "placeholder",
  };
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = strings[element.dataset.t];
  }
  for (const [short, attribute] of Object.entries(attributes)) {
    for (const element of document.querySelectorAll(`[data-t-${short}]`)) {
      element.setAttribute(attribute, strings[element.getAttribute(`data-t-${short}`)]);
    }
  }
}

/** @param {HTMLButtonElement} button Switches to the other language, and is named in it. */
export function createLanguageSwitch(button) {
  const name = () => {
    const japanese = document.documentElement.lang === "ja";
    button.lang = japanese ? "en" : "ja";
    button.textContent = japanese ? "English" : "日本語";
  };
  button.addEventListener("click", () => {
    document.documentElement.lang = button.lang;
    remember("language", button.lang);
    name();
    translate();
    for (const listener of listeners) listener();
  });
  name();
  translate();
}

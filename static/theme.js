// The theme: as the system has it, light, or dark.

import { h } from "./element.js";
import { onLanguage, t } from "./i18n.js";
import { recall, remember } from "./settings.js";

const order = ["system", "light", "dark"];

/** @param {HTMLButtonElement} button Goes round the three. */
export function createThemeSwitch(button) {
  let theme = recall("theme", "system");
  if (!order.includes(theme)) theme = "system";

  function show() {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    const name = t().themes[theme];
    button.replaceChildren(
      h("span", { "aria-hidden": "true" }, { system: "◐", light: "○", dark: "●" }[theme]),
      h("span.theme-name", {}, name),
    );
    button.ariaLabel = button.title = t().theme(name);
  }

  button.addEventListener("click", () => {
    theme = order[(order.indexOf(theme) + 1) % order.length];
    remember("theme", theme);
    show();
  });
  onLanguage(show);
  show();
}

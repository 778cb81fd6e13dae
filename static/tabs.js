// Where the three parts do not fit beside each other, one is shown at a time.

const wide = matchMedia("(min-width: 75rem)"); // app.css shows all three there

/**
 * @param {HTMLElement} bar With a button `tab-…` for each part.
 * @param {HTMLElement} parts
 */
export function createTabs(bar, parts) {
  const tabs = [...bar.children];
  const partOf = (tab) => document.getElementById(tab.id.slice("tab-".length));

  function show(name) {
    parts.dataset.tab = name;
    for (const tab of tabs) {
      const chosen = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
    }
  }

  // Tabs are tabs only while they are in use.
  function arrange() {
    bar.hidden = wide.matches;
    bar.setAttribute("role", "tablist");
    for (const tab of tabs) {
      const part = partOf(tab);
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", part.id);
      if (wide.matches) part.removeAttribute("role");
      else part.setAttribute("role", "tabpanel");
    }
  }

  bar.addEventListener("click", ({ target }) => {
    const tab = target.closest("button");
    if (tab) show(tab.id.slice("tab-".length));
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = tabs.at((tabs.indexOf(document.activeElement) + step) % tabs.length);
    show(next.id.slice("tab-".length));
    next.focus();
  });
  wide.addEventListener("change", arrange);
  arrange();
  show("talk");

  return { show };
}

// Where the three parts do not fit beside each other, one is shown at a time, or two: the talk and one of the others.

const wide = matchMedia("(min-width: 75rem)"); // app.css shows all three there
const medium = matchMedia("(min-width: 62.5rem)"); // and two there

/**
 * @param {HTMLElement} bar With a button `tab-…` for each part.
 * @param {HTMLElement} parts
 * @param {(name: string) => void} on One was chosen by hand.
 */
export function createTabs(bar, parts, on) {
  const all = [...bar.children];
  const nameOf = (tab) => tab.id.slice("tab-".length);
  const partOf = (tab) => document.getElementById(nameOf(tab));
  let name = "talk";

  /** The tabs in use: beside the talk the others. */
  const tabs = () => all.filter((tab) => !medium.matches || nameOf(tab) !== "talk");

  function show(next) {
    name = next;
    arrange();
  }

  // Tabs are tabs only while they are in use.
  function arrange() {
    const used = wide.matches ? [] : tabs();
    const shown = medium.matches && name === "talk" ? "frames" : name;
    parts.dataset.tab = shown;
    bar.hidden = wide.matches;
    bar.setAttribute("role", "tablist");
    for (const tab of all) {
      const part = partOf(tab), inUse = used.includes(tab), chosen = nameOf(tab) === shown;
      tab.hidden = !inUse;
      tab.setAttribute("role", "tab");
      tab.setAttribute("aria-controls", part.id);
      tab.setAttribute("aria-selected", chosen);
      tab.tabIndex = chosen ? 0 : -1;
      if (inUse) part.setAttribute("role", "tabpanel");
      else part.removeAttribute("role");
    }
  }

  function choose(tab) {
    show(nameOf(tab));
    on(name);
  }

  bar.addEventListener("click", ({ target }) => {
    const tab = target.closest("button");
    if (tab) choose(tab);
  });
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const used = tabs();
    const next = used.at((used.indexOf(document.activeElement) + step) % used.length);
    choose(next);
    next.focus();
  });
  for (const query of [wide, medium]) query.addEventListener("change", arrange);
  arrange();

  return { show };
}

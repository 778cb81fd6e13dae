// What happens if: a frame that is broken on purpose, sent by a client that the server plays for us.

import { broken } from "./broken.js";
import { h } from "./element.js";
import { onLanguage, t } from "./i18n.js";

/**
 * @param {(id: string) => HTMLElement} element
 * @param {(from: "what", dir: "in" | "out", hex: string) => object} play Puts a frame into the list.
 * @param {(record: object, field: string) => void} choose Shows it, and a field of it.
 */
export function createWhatIf(element, play, choose) {
  const form = element("what-if"), select = element("what"), came = element("what-came");
  /** What came of the last. */
  let last;

  function name() {
    const { value } = select;
    const option = ({ id }) => h("option", { value: id }, t().whatIf.cases[id]);
    select.replaceChildren(...broken.map(option));
    if (value) select.value = value;
    say();
  }

  function say() {
    if (last === undefined) return came.replaceChildren();
    const { rule: [source, sentence], outcome } = last;
    const words = t().whatIf;
    if (outcome === undefined) return came.replaceChildren(words.failed);
    const closed = outcome.code === undefined
      ? words.open
      : words.closed(t().closed(outcome.code, ""), outcome.reason);
    came.replaceChildren(
      h("strong", {}, closed),
      " ",
      h("q", { lang: "en" }, sentence),
      " ",
      h("cite", {}, source),
    );
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { bytes, rule, field } = broken.find(({ id }) => id === select.value);
    last = { rule, outcome: undefined };
    try {
      const response = await fetch("/-/what-if", { method: "POST", body: bytes });
      if (response.ok) last.outcome = await response.json();
    } catch {
      // The server is not there: that is said below.
    }
    say();
    if (last.outcome === undefined) return;
    const sent = play("what", "in", bytes);
    for (const hex of last.outcome.answer) play("what", "out", hex);
    choose(sent, field);
  });

  form.hidden = false; // app.css hides it where the server does not play
  onLanguage(name);
  name();
}

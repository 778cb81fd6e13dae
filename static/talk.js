// The part where messages are read: the log, its counts, and what can be done with it.

import { copy } from "./element.js";
import { onLanguage, t } from "./i18n.js";
import { createMessageList } from "./message_list.js";
import { recall, remember } from "./settings.js";

/**
 * @param {(id: string) => HTMLElement} element
 * @param {object} on
 * @param {(key: string) => void} on.choose Asks for the frame of a message.
 * @param {(text: string) => void} on.filtered
 */
export function createTalk(element, on) {
  const list = createMessageList(element("log"), element("latest"));
  const counts = { in: 0, out: 0 };
  const answer = element("answer");
  const pause = element("pause");
  const nothing = element("nothing");
  let held = 0;
  /** The channel that is watched and has said nothing yet. */
  let silent;

  function note(text, key) {
    list.append({ kind: "note", data: text, at: new Date(), key });
  }

  /**
   * Logs a message.
   * @param {"in" | "out"} kind
   * @param {string | ArrayBuffer} data
   * @param {string} [key] Names its frame.
   * @param {{ channel?: string, past?: boolean }} [more] Its channel, where there are several; whether it was
   *   published before this page watched.
   */
  function log(kind, data, key, more = {}) {
    list.append({ kind, data, at: new Date(), key, ...more });
    if (silent !== undefined) watching(undefined);
    ++counts[kind];
    if (list.paused) held++;
    show();
  }

  /** @param {import("./target.js").Target | undefined} target What is watched from now on, if anything. */
  function watching(target) {
    silent = target?.kind === "channel" ? target : undefined;
    nothing.hidden = silent === undefined;
    nothing.textContent = silent ? t().talk.nothing(silent) : "";
  }

  // Once a frame is often enough for an eye.
  let frame = 0;
  function show() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      element("count-in").textContent = t().count(counts.in);
      element("count-out").textContent = t().count(counts.out);
      pause.textContent = list.paused ? t().talk.resume(held) : t().page.pause;
    });
  }

  answer.checked = recall("answer", "on") === "on";
  answer.addEventListener("change", () => remember("answer", answer.checked ? "on" : "off"));

  function filter(text) {
    list.filter(text);
    document.body.dataset.filtered = text !== "";
  }

  element("filter").addEventListener("input", ({ target }) => {
    filter(target.value);
    on.filtered(target.value);
  });
  pause.addEventListener("click", () => {
    held = 0;
    list.pause(!list.paused);
    pause.setAttribute("aria-pressed", list.paused);
    show();
  });
  function clear() {
    list.clear();
    held = counts.in = counts.out = 0;
    show();
  }
  element("clear").addEventListener("click", clear);
  const copyButton = element("copy");
  copyButton.addEventListener("click", async () => {
    await copy(list.text());
    copyButton.textContent = t().talk.copied;
    setTimeout(() => copyButton.textContent = t().page.copy, 1_500);
  });
  // A click on a message shows its frame; by keyboard the list of frames leads there.
  element("log").addEventListener("click", ({ target }) => {
    if (target.closest(".unfold")) return;
    const key = target.closest(".row")?.dataset.key;
    if (key && getSelection().isCollapsed) on.choose(key);
  });
  onLanguage(show);
  onLanguage(() => watching(silent));

  return {
    note,
    log,
    watching,
    clear,
    /** Shows only what contains a text. */
    filter(text) {
      element("filter").value = text;
      filter(text);
    },
    get answers() {
      return answer.checked;
    },
  };
}

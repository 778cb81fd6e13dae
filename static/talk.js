// The part where messages are read: the log, its counts, and what can be done with it.

import { copy } from "./element.js";
import { onLanguage, t } from "./i18n.js";
import { createMessageList } from "./message_list.js";
import { recall, remember } from "./settings.js";

/**
 * @param {(id: string) => HTMLElement} element
 * @param {(key: string) => void} choose Asks for the frame of a message.
 */
export function createTalk(element, choose) {
  const list = createMessageList(element("log"), element("latest"));
  const counts = { in: 0, out: 0 };
  const answer = element("answer");
  const pause = element("pause");
  let held = 0;

  function note(text) {
    list.append({ kind: "note", data: text, at: new Date() });
  }

  function log(kind, data, key) {
    list.append({ kind, data, at: new Date(), key });
    ++counts[kind];
    if (list.paused) held++;
    show();
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

  element("filter").addEventListener("input", ({ target }) => list.filter(target.value));
  pause.addEventListener("click", () => {
    held = 0;
    list.pause(!list.paused);
    pause.setAttribute("aria-pressed", list.paused);
    show();
  });
  element("clear").addEventListener("click", () => {
    list.clear();
    held = counts.in = counts.out = 0;
    show();
  });
  const copyButton = element("copy");
  copyButton.addEventListener("click", async () => {
    await copy(list.text());
    copyButton.textContent = t().talk.copied;
    setTimeout(() => copyButton.textContent = t().page.copy, 1_500);
  });
  // A click on a message shows its frame; by keyboard the list of frames leads there.
  element("log").addEventListener("click", ({ target }) => {
    const key = target.closest(".row")?.dataset.key;
    if (key && getSelection().isCollapsed) choose(key);
  });
  onLanguage(show);

  return {
    note,
    log,
    get answers() {
      return answer.checked;
    },
  };
}

// The log: keeps the last 10,000 messages at the cost of those in view.
//
// Rows stand in chunks of 100. A full chunk is `content-visibility: auto` (app.css), so the browser
// lays out and paints only those near the view, while find-in-page and screen readers still see
// all. Rows are added once a frame; a hidden tab gets no frames, and its queue is bounded too.

import { createRow, textOf } from "./message_row.js";
import { onLanguage, t } from "./i18n.js";

const perChunk = 100;
const maxRows = 10_000;
const nearEnd = 24; // px
const slice = 8; // ms of filtering before the browser paints

/**
 * @param {HTMLElement} log The scrolling element.
 * @param {HTMLButtonElement} latest Leads back to the end; hidden while the end is in view.
 */
export function createMessageList(log, latest) {
  /** @type {import("./message_row.js").Entry[]} */
  let queue = [];
  let chunk;
  let rows = 0;
  let unseen = 0;
  let following = true;
  let lastTop = 0;
  let frame = 0;
  let wanted = "";
  let filtering;
  let paused = false;

  /** @param {import("./message_row.js").Entry} entry */
  function append(entry) {
    queue.push(entry);
    if (queue.length > 2 * maxRows) queue = queue.slice(-maxRows);
    if (!paused) frame ||= requestAnimationFrame(flush);
  }

  function flush() {
    frame = 0;
    if (paused) return;
    const entries = queue.slice(-maxRows);
    queue = [];
    for (const entry of entries) {
      if (!chunk || chunk.childElementCount === perChunk) chunk = addChunk();
      const row = createRow(entry);
      if (matches(row)) chunk.hidden = false;
      else row.hidden = true;
      chunk.append(row);
    }
    rows += entries.length;
    while (rows > maxRows) {
      rows -= log.firstElementChild.childElementCount;
      log.firstElementChild.remove();
    }
    if (following) return toEnd();
    unseen = Math.min(unseen + entries.length, maxRows);
    say();
  }

  function say() {
    latest.textContent = t().talk.latest(unseen);
  }

  const matches = (row) => wanted === "" || textOf(row).toLowerCase().includes(wanted);

  /** Shows only what contains a text: the newest at once, the rest behind, in slices. */
  function filter(text) {
    wanted = text.toLowerCase();
    clearTimeout(filtering);
    let rest = log.lastElementChild;
    const work = () => {
      const began = performance.now();
      for (; rest && performance.now() - began < slice; rest = rest.previousElementSibling) {
        let some = false;
        for (const row of rest.children) {
          row.hidden = !matches(row);
          some ||= !row.hidden;
        }
        rest.hidden = !some;
      }
      if (rest) filtering = setTimeout(work);
    };
    work();
    if (following) toEnd();
  }

  /** Holds back what comes; what is held is bounded as the list is. */
  function pause(on) {
    paused = on;
    if (!on) flush();
  }

  function clear() {
    clearTimeout(filtering);
    queue = [];
    log.replaceChildren();
    chunk = undefined;
    rows = 0;
    follow(true);
  }

  /** What the filter lets through, a line each. */
  function text() {
    const rows = [...log.querySelectorAll(".chunk:not([hidden]) > .row:not([hidden])")];
    return rows.map((row) => {
      const parts = [...row.children].slice(0, -1).map((part) => part.textContent);
      return [...parts, textOf(row)].join(" ");
    }).join("\n");
  }

  function addChunk() {
    chunk?.classList.add("full");
    const added = document.createElement("div");
    added.className = "chunk";
    added.hidden = wanted !== "";
    log.append(added);
    resized.observe(added);
    return added;
  }

  function toEnd() {
    log.scrollTop = log.scrollHeight;
    lastTop = log.scrollTop;
  }

  function follow(on) {
    following = on;
    unseen = 0;
    latest.hidden = on;
    say();
  }

  // Only the reader scrolls up: growth and the jump to the end never do.
  log.addEventListener("scroll", () => {
    const top = log.scrollTop;
    const atEnd = log.scrollHeight - top - log.clientHeight < nearEnd;
    if (atEnd && !following) follow(true);
    else if (!atEnd && following && top < lastTop) follow(false);
    lastTop = top;
  }, { passive: true });

  latest.addEventListener("click", () => {
    follow(true);
    toEnd();
    log.focus();
  });

  // A line that wraps anew, or a chunk that takes its real height, moves the end.
  const resized = new ResizeObserver(() => following && toEnd());
  resized.observe(log);

  // A message a second would drown everything else a screen reader says: it speaks on demand.
  log.addEventListener("focus", () => log.ariaLive = "polite");
  log.addEventListener("blur", () => log.ariaLive = "off");

  onLanguage(say);
  say();

  return {
    append,
    filter,
    pause,
    clear,
    text,
    get paused() {
      return paused;
    },
  };
}

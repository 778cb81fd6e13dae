// The log: keeps the last 10,000 messages at the cost of those in view.
//
// Rows stand in chunks of 100. A full chunk is `content-visibility: auto` (app.css), so the browser
// lays out and paints only those near the view, while find-in-page and screen readers still see
// all. Rows are added once a frame; a hidden tab gets no frames, and its queue is bounded too.

import { createRow } from "./message_row.js";
import { strings } from "./strings.js";

const perChunk = 100;
const maxRows = 10_000;
const nearEnd = 24; // px

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

  /** @param {import("./message_row.js").Entry} entry */
  function append(entry) {
    queue.push(entry);
    if (queue.length > 2 * maxRows) queue = queue.slice(-maxRows);
    frame ||= requestAnimationFrame(flush);
  }

  function flush() {
    frame = 0;
    const entries = queue.slice(-maxRows);
    queue = [];
    for (const entry of entries) {
      if (!chunk || chunk.childElementCount === perChunk) chunk = addChunk();
      chunk.append(createRow(entry));
    }
    rows += entries.length;
    while (rows > maxRows) {
      rows -= log.firstElementChild.childElementCount;
      log.firstElementChild.remove();
    }
    if (following) return toEnd();
    unseen = Math.min(unseen + entries.length, maxRows);
    latest.textContent = strings.latest(unseen);
  }

  function addChunk() {
    chunk?.classList.add("full");
    const added = document.createElement("div");
    added.className = "chunk";
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
    latest.textContent = strings.latest(0);
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

  return { append };
}

// The frames, both ways, as a list to choose from. It keeps the newest 2,000.

import { h } from "./element.js";
import { onLanguage, t } from "./i18n.js";
import { closeOf, hex, isControl, utf8 } from "./wire.js";

const perChunk = 100;
const maxFrames = 2_000;
const nearEnd = 24; // px
const margin = 6; // px above and below the frame that is shown
const longestText = 80; // characters shown of a payload
const longestHex = 24; // bytes shown of one that is no text

/**
 * @param {HTMLElement} list
 * @param {HTMLButtonElement} newest Leads to the newest frame, where it is out of view.
 * @param {object} on
 * @param {(record: import("./wire_log.js").Record) => void} on.shown A frame is to be shown.
 * @param {(record: import("./wire_log.js").Record) => void} on.chosen By hand.
 */
export function createFrameList(list, newest, on) {
  /** @type {Map<string, import("./wire_log.js").Record>} By the element's id. */
  const records = new Map();
  /** The first frame of each message of the page. @type {Map<string, string>} */
  const messages = new Map();
  let queue = [];
  let chunk;
  let chosen;
  /** Until somebody chooses, the first frame is shown, then the first that is masked. */
  let free = true;
  let frame = 0;
  /** The message whose frame was asked for before it was here, and the one that was suggested. */
  let wanted, suggested;
  let following = true;
  let below = 0;

  function enqueue(make) {
    queue.push(make);
    if (queue.length > maxFrames) queue = queue.slice(-maxFrames);
    frame ||= requestAnimationFrame(flush);
  }

  /** @param {import("./wire_log.js").Record} record */
  function add(record) {
    enqueue(() => {
      const row = createFrameRow(record);
      records.set(row.id, record);
      if (record.message?.key && record.part === 1) messages.set(record.message.key, row.id);
      if (wanted && record.message?.key === wanted) {
        free = false;
        wanted = undefined;
        select(row);
        on.chosen(record);
        return row;
      }
      const better = record.message?.key && record.message.key === suggested ||
        record.frame.masked && !isControl(record.frame.opcode);
      if (free && (!chosen || better)) {
        free = !better;
        select(row);
      }
      return row;
    });
  }

  /** The page speaks: something was lost. */
  function note(text) {
    enqueue(() => h("div.frame-note", { role: "option", "aria-disabled": "true" }, text()));
  }

  function flush() {
    frame = 0;
    below += queue.length;
    for (const make of queue.splice(0)) {
      if (!chunk || chunk.childElementCount === perChunk) {
        chunk?.classList.add("full");
        list.append(chunk = h("div.chunk", { role: "presentation" }));
      }
      chunk.append(make());
    }
    while (list.childElementCount > maxFrames / perChunk) forget(list.firstElementChild);
    if (following) toEnd();
  }

  const topOf = (row) =>
    row.getBoundingClientRect().top - list.getBoundingClientRect().top + list.scrollTop;

  /** Follows what comes as far as the frame that is shown stays in view. */
  function toEnd() {
    const end = list.scrollHeight - list.clientHeight;
    const farthest = chosen ? topOf(chosen) - margin : end;
    list.scrollTop = Math.min(end, farthest);
    look();
  }

  /** Says how many are below what is in view. */
  function look() {
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < nearEnd;
    if (atEnd) below = 0;
    newest.hidden = atEnd;
    newest.textContent = t().frames.newest(below);
  }

  let top = 0;
  list.addEventListener("scroll", () => {
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < nearEnd;
    // Only a reader scrolls up.
    if (atEnd) following = true;
    else if (list.scrollTop < top) following = false;
    top = list.scrollTop;
    look();
  }, { passive: true });
  newest.addEventListener("click", () => {
    following = true;
    byHand([...list.querySelectorAll(".frame-row")].at(-1));
    list.focus();
  });
  // Also when the list comes into view.
  new ResizeObserver(() => following && toEnd()).observe(list);

  function forget(old) {
    for (const row of old.children) {
      const key = records.get(row.id)?.message?.key;
      if (messages.get(key) === row.id) messages.delete(key);
      records.delete(row.id);
      if (row === chosen) {
        chosen = undefined;
        list.removeAttribute("aria-activedescendant");
      }
    }
    old.remove();
  }

  function select(row) {
    chosen?.setAttribute("aria-selected", "false");
    chosen = row;
    row.setAttribute("aria-selected", "true");
    list.setAttribute("aria-activedescendant", row.id);
    on.shown(records.get(row.id));
  }

  function byHand(row) {
    if (!row) return false;
    free = false;
    wanted = undefined;
    select(row);
    on.chosen(records.get(row.id));
    if (following) toEnd();
    // Within the list: the page stays where it is.
    const from = topOf(row) - margin, to = from + row.offsetHeight + 2 * margin;
    list.scrollTop = Math.min(from, Math.max(list.scrollTop, to - list.clientHeight));
    return true;
  }

  list.addEventListener("click", ({ target }) => byHand(target.closest(".frame-row")));
  list.addEventListener("keydown", (event) => {
    const step =
      { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const rows = [...list.querySelectorAll(".frame-row")];
    const at = chosen ? rows.indexOf(chosen) : -1;
    byHand(rows[Math.max(0, Math.min(rows.length - 1, at + step))]);
  });

  const name = () => list.setAttribute("data-empty", t().frames.empty);
  onLanguage(() => {
    name();
    look();
    for (const [id, record] of records) {
      document.getElementById(id)?.replaceChildren(...cells(record));
    }
  });
  name();

  /** Chooses the frame of a message: now, or as soon as the tap has told of it. */
  function choose(key) {
    if (queue.length > 0) flush();
    if (!byHand(document.getElementById(messages.get(key)))) wanted = key;
  }

  /** Shows the frame of a message, unless there is a better reason to show another. */
  function suggest(key) {
    if (!free || key === undefined || suggested !== undefined) return;
    suggested = key;
    if (queue.length > 0) flush();
    const row = document.getElementById(messages.get(key));
    if (!free || !row) return;
    free = false;
    select(row);
    toEnd();
  }

  /** Chooses a frame that was just told of. @param {import("./wire_log.js").Record} record */
  function chooseRecord(record) {
    if (queue.length > 0) flush();
    byHand(document.getElementById(idOf(record)));
  }

  return { add, note, choose, chooseRecord, suggest };
}

const idOf = ({ n }) => `frame-${n}`;

function createFrameRow(record) {
  const { frame, message, dir, part } = record;
  const row = h(`div.frame-row.${dir === "in" ? "out" : "in"}`, {
    role: "option",
    id: idOf(record),
    "aria-selected": "false",
  });
  if (isControl(frame.opcode)) row.classList.add("control");
  if (message && !(part === 1 && frame.fin)) {
    row.classList.add("fragment", part === 1 ? "first" : frame.fin ? "last" : "middle");
  }
  row.append(...cells(record));
  return row;
}

function cells({ frame, message, dir, conn, part, n, cut }) {
  const words = t().frames;
  const marks = [];
  if (message && !(part === 1 && frame.fin)) {
    marks.push(frame.fin ? words.last(part) : words.fragment(part));
  }
  if (frame.rsv[0]) marks.push(words.compressed);
  if (conn.from) marks.push(words.from[conn.from]);
  else if (conn.as === undefined && conn.id >= 0) marks.push(words.stranger(conn.id + 1));
  return [
    h("span.way", { role: "img", "aria-label": words.way[dir] }, dir === "out" ? "↓" : "↑"),
    h("span.number", {}, `${n}`),
    h("span.opcode", {}, t().opcodes[frame.opcode] ?? t().unknownOpcode),
    h("span.size", {}, t().bytes(frame.length)),
    previewOf(frame, message, cut),
    ...marks.map((mark) => h("span.mark", {}, mark)),
  ];
}

/** What it says, in short; a compressed message follows when it is inflated. */
function previewOf(frame, message, cut) {
  const element = h("span.preview", {}, preview(frame, message, cut));
  if (message?.frames.length === 1) {
    message.inflated?.then((inflated) => {
      if (typeof inflated === "string") return;
      element.textContent = saying(message, inflated.bytes, inflated.cut);
    });
  }
  return element;
}

function preview(frame, message, cut) {
  if (frame.opcode === 8) {
    const said = closeOf(frame.data);
    return said ? t().closed(said.code, said.reason) : "";
  }
  if (message?.compressed) return hex(frame.data.subarray(0, longestHex));
  return saying(message, frame.data, cut || !frame.fin);
}

/** A text in short; the first bytes of whatever is none. */
function saying(message, bytes, cut) {
  const text = message?.opcode === 1 ? utf8(bytes, cut) : undefined;
  return text?.slice(0, longestText) || hex(bytes.subarray(0, longestHex));
}

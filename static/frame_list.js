// The frames, both ways, as a list to choose from. It keeps the newest 2,000.

import { h } from "./element.js";
import { onLanguage, t } from "./i18n.js";
import { closeOf, hex, isControl, utf8 } from "./wire.js";

const perChunk = 100;
const maxFrames = 2_000;
const nearEnd = 24; // px
const longestText = 80; // characters shown of a payload
const longestHex = 24; // bytes shown of one that is no text

/**
 * @param {HTMLElement} list
 * @param {(record: import("./wire_log.js").Record) => void} on A frame was chosen.
 */
export function createFrameList(list, on) {
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
  /** The message whose frame was asked for before it was here. */
  let wanted;
  let following = true;

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
        return row;
      }
      const better = record.frame.masked && !isControl(record.frame.opcode);
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

  const toEnd = () => list.scrollTop = list.scrollHeight;
  list.addEventListener("scroll", () => {
    following = list.scrollHeight - list.scrollTop - list.clientHeight < nearEnd;
  }, { passive: true });
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
    on(records.get(row.id));
  }

  function byHand(row) {
    if (!row) return false;
    free = false;
    wanted = undefined;
    select(row);
    row.scrollIntoView({ block: "nearest" });
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

  return { add, note, choose };
}

function createFrameRow(record) {
  const { frame, message, n, dir, part } = record;
  const row = h(`div.frame-row.${dir === "in" ? "out" : "in"}`, {
    role: "option",
    id: `frame-${n}`,
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
  if (conn.as === undefined && conn.id >= 0) marks.push(words.stranger(conn.id + 1));
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

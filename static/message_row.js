// One line of the log: when, which way, what. A long message is folded, and says how long it is.

import { h } from "./element.js";
import { t } from "./i18n.js";

const longestText = 16_384; // characters shown of one message
const longestHex = 1_024; // bytes shown of one binary message
const folded = { characters: 180, lines: 4 }; // more is folded (talk.css shows three lines of it)

/**
 * @typedef {object} Entry
 * @property {"in" | "out" | "note"} kind `note` is the page speaking: opened, closed.
 * @property {string | ArrayBuffer} data
 * @property {Date} at
 * @property {string} [key] Names its frame.
 * @property {string} [channel] Where several are watched.
 * @property {boolean} [past] It was published before the page watched; when, is not known.
 */

/** @param {Entry} entry */
export function createRow({ kind, data, at, key, channel, past }) {
  const row = h(`div.row.${kind}`, { "data-key": key });
  if (past) row.append(h("span.past", { title: t().talk.earlierNote }, t().talk.earlier));
  else row.append(h("time", { datetime: at.toISOString() }, ...clock(at)));
  if (kind !== "note") {
    // By reference, so that the name follows the language.
    const name = { role: "img", "aria-labelledby": `way-${kind}` };
    row.append(h("span.way", name, kind === "in" ? "↓" : "↑"));
  }
  row.append(said(data, channel));
  return row;
}

/** What a row says, for filters. */
export const textOf = (row) => row.querySelector(".text").textContent;

function said(data, channel) {
  const { text, size } = typeof data === "string" ? words(data) : bytes(data);
  const name = channel === undefined ? undefined : h("span.channel", {}, channel);
  const long = text.length > folded.characters ||
    text.split("\n", folded.lines + 1).length > folded.lines;
  const element = h("span.text", {}, name, text);
  if (!long) return element;
  const button = h("button.unfold", { type: "button", "aria-expanded": "false" });
  const show = (open) => {
    element.classList.toggle("folded", !open);
    button.setAttribute("aria-expanded", open);
    button.textContent = open ? t().talk.foldUp(size) : t().talk.unfold(size);
  };
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  show(false);
  return h("div.long", {}, element, button);
}

/** Local time to the millisecond, `09:08:07.006`; a phone has no room for those. */
function clock(at) {
  const two = (n) => String(n).padStart(2, "0");
  return [
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
    h("span.ms", {}, `.${String(at.getMilliseconds()).padStart(3, "0")}`),
  ];
}

function words(data) {
  const size = t().talk.characters(data.length);
  if (data.length <= longestText) return { text: data, size };
  return { text: `${data.slice(0, longestText)}\n${t().talk.cut(data.length)}`, size };
}

function bytes(data) {
  const head = new Uint8Array(data, 0, Math.min(longestHex, data.byteLength));
  const hex = Array.from(head, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  const text = t().talk.binary(data.byteLength, data.byteLength > longestHex ? `${hex} …` : hex);
  return { text, size: t().bytes(data.byteLength) };
}

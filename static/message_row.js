// One line of the log: when, which way, what.

import { t } from "./i18n.js";

const longestText = 4_096; // characters shown of one message
const longestHex = 32; // bytes shown of one binary message

/**
 * @typedef {object} Entry
 * @property {"in" | "out" | "note"} kind `note` is the page speaking: opened, closed.
 * @property {string | ArrayBuffer} data
 * @property {Date} at
 * @property {string} [key] Names its frame.
 */

/** @param {Entry} entry */
export function createRow({ kind, data, at, key }) {
  const row = document.createElement("div");
  row.className = `row ${kind}`;
  if (key) row.dataset.key = key;

  const time = document.createElement("time");
  time.dateTime = at.toISOString();
  time.textContent = clock(at);
  row.append(time);

  if (kind !== "note") {
    const way = document.createElement("span");
    way.className = "way";
    way.role = "img";
    // By reference, so that the name follows the language.
    way.setAttribute("aria-labelledby", `way-${kind}`);
    way.textContent = kind === "in" ? "↓" : "↑";
    row.append(way);
  }

  const text = document.createElement("span");
  text.className = "text";
  text.textContent = describe(data);
  row.append(text);
  return row;
}

/** Local time to the millisecond, `09:08:07.006`. */
function clock(at) {
  const two = (n) => String(n).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${
    String(at.getMilliseconds()).padStart(3, "0")
  }`;
}

function describe(data) {
  if (typeof data === "string") {
    if (data.length <= longestText) return data;
    return `${data.slice(0, longestText)}\n${t().talk.cut(data.length)}`;
  }
  const head = new Uint8Array(data, 0, Math.min(longestHex, data.byteLength));
  const hex = Array.from(head, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return t().talk.binary(data.byteLength, data.byteLength > longestHex ? `${hex} …` : hex);
}

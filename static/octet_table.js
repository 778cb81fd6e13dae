// A payload octet by octet: as it crossed the wire, the key below it, and what it is.

import { h } from "./element.js";
import { t } from "./i18n.js";
import { hex } from "./wire.js";

const maxOctets = 64; // drawn

/**
 * @param {import("./wire.js").Frame} frame
 * @param {boolean} text Whether the payload is UTF-8.
 * @param {number} perRow
 * @param {import("./wire.js").Frame} [before] What to mark differences from.
 */
export function octetTable(frame, text, perRow, before) {
  const words = t().frames;
  const { payload, data, key } = frame;
  const shown = Math.min(payload.length, maxOctets);
  const table = h("table.octets", { "aria-label": words.payload });
  for (let from = 0; from < shown; from += perRow) {
    const until = Math.min(shown, from + perRow);
    const range = Array.from({ length: until - from }, (_, i) => from + i);
    const row = (name, kind, cells) =>
      h(`tr.${kind}`, {}, h("th", { scope: "row" }, name), ...cells);
    const cell = (value, changed) => h(changed ? "td.changed" : "td", {}, value);
    const body = h("tbody");
    body.append(
      row(
        words.wire,
        "wire",
        range.map((i) => cell(hex([payload[i]]), before && before.payload[i] !== payload[i])),
      ),
    );
    if (key) {
      body.append(
        row(
          words.keyRow,
          "key",
          range.map((i) => cell(hex([key[i % 4]]), before && before.key[i % 4] !== key[i % 4])),
        ),
        row(words.plain, "plain", range.map((i) => cell(hex([data[i]])))),
      );
    }
    if (text) body.append(row(words.text, "chars", characters(data, from, until)));
    table.append(body);
  }
  return table;
}

/** Each character over the octets of its UTF-8. */
function characters(data, from, until) {
  const cells = [];
  for (let i = from; i < until;) {
    let size = 1;
    while (i + size < until && (data[i + size] & 0xc0) === 0x80) size++;
    const whole = lengthOf(data[i]);
    const character = whole === undefined
      ? "…"
      : new TextDecoder().decode(data.subarray(i, i + whole));
    cells.push(h("td", { colspan: size }, visible(character)));
    i += size;
  }
  return cells;
}

/** How many octets a character has, by its first; `undefined` in its middle. */
function lengthOf(octet) {
  if (octet < 0x80) return 1;
  if (octet < 0xc0) return undefined;
  return octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4;
}

/** A space and control characters get a picture. */
function visible(character) {
  const code = character.codePointAt(0);
  if (code === 0x20) return "␣";
  return code < 0x20 ? String.fromCodePoint(0x2400 + code) : character;
}

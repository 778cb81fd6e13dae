// What is shown, in the fragment of the page's address: whoever opens it sees the same frame, field and part.

/**
 * @typedef {object} Shown
 * @property {string} [part] `handshake` or `frames`; the talk otherwise.
 * @property {string} [filter] What messages are filtered by.
 * @property {{ dir: "in" | "out", hex: string, deflated: boolean }} [frame] The frame that was chosen, by its bytes: a
 *   server forgets its messages, and another connection has other frames.
 * @property {string} [field] The field of it.
 */

const parts = ["handshake", "frames"];
const longest = 2 * (1024 + 14); // hexadecimal digits: what is shown of a frame

/** @param {string} hash Of the address. @returns {Shown} */
export function shownOf(hash) {
  const given = new URLSearchParams(hash.replace(/^#(echo(&|$))?/, ""));
  const shown = {};
  if (parts.includes(given.get("part"))) shown.part = given.get("part");
  if (given.get("filter")) shown.filter = given.get("filter");
  const frame = /^(in|out)(-deflated)?\.((?:[0-9a-f]{2}){2,})$/.exec(given.get("frame") ?? "");
  if (frame && frame[3].length <= longest && isWhole(frame[3])) {
    shown.frame = { dir: frame[1], deflated: frame[2] !== undefined, hex: frame[3] };
    if (given.get("field")) shown.field = given.get("field");
  }
  return shown;
}

/** Whether the header of a frame is there. */
function isWhole(hex) {
  const second = parseInt(hex.slice(2, 4), 16);
  const length = second & 0x7f;
  return hex.length / 2 >=
    2 + (length < 126 ? 0 : length === 126 ? 2 : 8) + (second >= 0x80 ? 4 : 0);
}

/**
 * The page's address with it.
 * @param {string} address Of what is talked to: `/`, `/#echo`, `/btc?since=all`.
 * @param {Shown} shown
 */
export function linkOf(address, { part, filter, frame, field }) {
  const query = new URLSearchParams();
  if (part && part !== "talk") query.set("part", part);
  if (filter) query.set("filter", filter);
  if (frame) query.set("frame", `${frame.dir}${frame.deflated ? "-deflated" : ""}.${frame.hex}`);
  if (frame && field) query.set("field", field);
  if (query.size === 0) return address;
  return `${address}${address.includes("#") ? "&" : "#"}${query}`;
}

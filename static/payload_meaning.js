// What a payload says: text, bytes, a close code, or a message that has to be inflated first.

import { h } from "./element.js";
import { t } from "./i18n.js";
import { rfc } from "./rfc.js";
import { closeOf, hex, utf8 } from "./wire.js";
import { dataOf } from "./wire_log.js";

const longestText = 4_096; // characters
const longestHex = 512; // bytes

/**
 * @param {import("./wire_log.js").Record} record
 * @param {(parts: Node[]) => void} meanwhile Shows something while it inflates.
 * @returns {Promise<Node[]>}
 */
export async function meaningOf(record, meanwhile) {
  const { frame, message, cut } = record;
  if (message === undefined) return control(frame);
  if (message.compressed) return await compressed(message, meanwhile);
  const parts = said(frame.data, message.opcode, cut || !frame.fin);
  if (message.frames.length > 1) parts.push(...joined(message));
  return parts;
}

function control(frame) {
  const words = t().frames;
  const parts = [];
  if (frame.opcode === 8) {
    const close = closeOf(frame.data);
    parts.push(h("p.said", {}, close ? words.closeCode(close.code, close.reason) : words.noCode));
    parts.push(quoted(rfc.close));
  } else if (frame.opcode === 9 || frame.opcode === 10) {
    parts.push(h("p.said", {}, frame.opcode === 9 ? words.ping : words.pong));
    parts.push(quoted(frame.opcode === 9 ? rfc.ping : rfc.pong));
    if (frame.data.length > 0) {
      parts.push(...said(frame.data, utf8(frame.data) === undefined ? 2 : 1));
    }
  }
  return parts;
}

/** Bytes as what their opcode says they are. */
function said(data, opcode, cut = false) {
  const words = t().frames;
  if (data.length === 0) return [];
  const bytes = h(
    "pre.bytes",
    {},
    hex(data.subarray(0, longestHex)) + (data.length > longestHex ? " …" : ""),
  );
  if (opcode !== 1) return [h("h4", {}, words.binary), bytes];
  const text = utf8(data, cut);
  if (text === undefined) return [h("p.quiet", {}, words.notUtf8), bytes];
  return [h("h4", {}, words.utf8), h("pre.said", {}, text.slice(0, longestText))];
}

function joined(message) {
  if (!message.whole) return [];
  const cut = message.frames.some((record) => record.cut);
  const parts = said(dataOf(message), message.opcode, cut);
  return [h("h4.joined", {}, t().frames.joined(message.frames.length)), ...parts.slice(1)];
}

async function compressed(message, meanwhile) {
  const words = t().frames;
  if (message.inflated === undefined) {
    return [h("p.quiet", {}, message.whole ? words.notAll : words.notWhole)];
  }
  meanwhile([h("p.quiet", {}, words.inflating)]);
  const inflated = await message.inflated;
  if (typeof inflated === "string") return [h("p.quiet", {}, words[inflated])];
  const parts = said(inflated.bytes, message.opcode, inflated.cut);
  return [h("h4", {}, words.inflated(dataOf(message).length, inflated.size)), ...parts.slice(1)];
}

function quoted([source, sentence]) {
  return h("blockquote", { lang: "en" }, sentence, " ", h("cite", {}, source));
}

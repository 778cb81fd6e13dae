// Frames that break a rule on purpose: what no browser's WebSocket would send, and the close code each earns. Pure.

import { rfc } from "./rfc.js";

/**
 * @typedef {object} Broken
 * @property {string} id Names it among the strings.
 * @property {string} bytes In hexadecimal; masked by the key of the RFC's examples, but for one.
 * @property {number} code The close code that it earns.
 * @property {string} field Where the rule is broken.
 * @property {[source: string, sentence: string]} rule
 */

/** @type {Broken[]} */
export const broken = [
  { id: "unmasked", bytes: "810548656c6c6f", code: 1002, field: "mask", rule: rfc.mustMask },
  {
    id: "notUtf8",
    bytes: "818537fa213d7f9f4dfe1f",
    code: 1007,
    field: "payload",
    rule: rfc.mustBeUtf8,
  },
  { id: "reserved", bytes: "a18537fa213d7f9f4d5158", code: 1002, field: "rsv2", rule: rfc.rsvSet },
  // Its header announces a terabyte; nobody waits for it.
  {
    id: "tooBig",
    bytes: "82ff000001000000000037fa213d",
    code: 1009,
    field: "length64",
    rule: rfc.tooBig,
  },
  { id: "opcode", bytes: "838537fa213d7f9f4d5158", code: 1002, field: "opcode", rule: rfc.opcode },
  {
    id: "fragmentedPing",
    bytes: "098537fa213d7f9f4d5158",
    code: 1002,
    field: "fin",
    rule: rfc.control,
  },
  {
    id: "continuation",
    bytes: "808537fa213d7f9f4d5158",
    code: 1002,
    field: "opcode",
    rule: rfc.fragments,
  },
  {
    id: "longForm",
    bytes: "81fe000537fa213d7f9f4d5158",
    code: 1002,
    field: "length16",
    rule: rfc.length16,
  },
  { id: "closeCode", bytes: "888237fa213d3417", code: 1002, field: "payload", rule: rfc.noStatus },
];

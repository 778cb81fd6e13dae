// A message plain and deflated, bits beside bits, and what was not sent a second time.

import { tokensOf } from "./deflate_tokens.js";
import { h } from "./element.js";
import { t } from "./i18n.js";
import { bits, utf8 } from "./wire.js";
import { dataOf } from "./wire_log.js";

const perRow = 64; // bits
const maxRows = 40;
const longestText = 1_200; // characters of the message with its copies marked
const tail = [0x00, 0x00, 0xff, 0xff]; // what a sender leaves off (RFC 7692, 7.2.1)
const svg = "http://www.w3.org/2000/svg";

/**
 * @param {import("./wire_log.js").Record} record
 * @returns {Promise<Node[]>} Nothing, where there is no whole message.
 */
export async function comparison({ message }) {
  if (!message?.whole || message.frames.some(({ cut }) => cut)) return [];
  const words = t().compare;
  const data = dataOf(message);
  const sent = message.compressed ? data : undefined;
  const inflated = sent && await message.inflated;
  if (typeof inflated === "string" || inflated?.cut) return [];
  const plain = inflated?.bytes ?? data;
  if (plain.length === 0) return [];
  const deflated = sent ?? await deflate(plain);
  const parts = [
    h("h4", {}, words.title),
    h("p.quiet", {}, sent ? words.sent : words.tried(deflated.length < plain.length)),
    h(
      "div.bit-pictures",
      {},
      figure(words.plain, plain, plain.length),
      figure(words.deflated, deflated, plain.length),
    ),
  ];
  const tokens = message.opcode === 1 && tokensOf(new Uint8Array([...deflated, ...tail]));
  if (tokens && tokens.some(({ distance }) => distance > 0)) {
    parts.push(h("p.quiet", {}, words.copies), copies(plain, tokens));
  }
  return parts;
}

/** As this browser does it: the server did not. */
async function deflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Bits as squares, 64 a row, dark where they are 1. */
function figure(name, bytes, of) {
  const shown = bytes.subarray(0, perRow / 8 * maxRows);
  const words = t().compare;
  const caption = words.size(
    bytes.length,
    bytes.length === of ? 100 : Math.round(100 * bytes.length / of),
  );
  const picture = document.createElementNS(svg, "svg");
  const rows = Math.ceil(shown.length * 8 / perRow);
  picture.setAttribute("viewBox", `0 0 ${perRow} ${rows}`);
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `${name}: ${caption}`);
  const all = bits(shown);
  const squares = (of) => {
    const path = document.createElementNS(svg, "path");
    let d = "";
    for (let i = 0; i < all.length; i++) {
      if (all[i] === of) {
        d += `M${i % perRow + 0.08} ${Math.floor(i / perRow) + 0.08}h.84v.84h-.84z`;
      }
    }
    path.setAttribute("d", d);
    path.setAttribute("class", of === "1" ? "one" : "zero");
    return path;
  };
  picture.append(squares("0"), squares("1"));
  const rest = bytes.length - shown.length;
  return h(
    "figure",
    {},
    h("figcaption", {}, h("strong", {}, name), ` ${caption}`),
    picture,
    rest > 0 ? h("p.quiet", {}, t().frames.more(rest)) : undefined,
  );
}

/** The message with what was only pointed at marked, each character as its first byte was sent. */
function copies(plain, tokens) {
  const copied = new Uint8Array(plain.length);
  const starts = new Set();
  for (const { from, length, distance } of tokens) {
    if (distance === 0) continue;
    copied.fill(1, from, from + length);
    starts.add(from);
  }
  const place = h("pre.said.copies");
  const text = (utf8(plain) ?? "").slice(0, longestText);
  const encoder = new TextEncoder();
  let at = 0, run = "", marked = false;
  const end = () => {
    if (run !== "") place.append(marked ? h("mark", {}, run) : run);
    run = "";
  };
  for (const character of text) {
    if (Boolean(copied[at]) !== marked || starts.has(at)) {
      end();
      marked = Boolean(copied[at]);
    }
    run += character;
    at += encoder.encode(character).length;
  }
  end();
  if (at < plain.length) place.append(" …");
  return place;
}

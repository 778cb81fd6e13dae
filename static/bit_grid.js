// The figure of RFC 6455, 5.2, with the bits of one frame: 32 a row.

import { h } from "./element.js";
import { onLanguage, t } from "./i18n.js";
import { quotation } from "./rfc.js";
import { bits, fieldsOf, hex } from "./wire.js";

const maxPayload = 64; // bits drawn of a payload
// As the RFC names them, in any language.
const labels = {
  fin: "FIN",
  rsv1: "RSV1",
  rsv2: "RSV2",
  rsv3: "RSV3",
  opcode: "opcode",
  mask: "MASK",
  length: "payload len",
  length16: "extended payload length (16)",
  length64: "extended payload length (64)",
  key: "masking-key",
  payload: "payload",
};

/**
 * @param {HTMLElement} place
 * @param {(field: string) => void} on One was chosen by hand.
 */
export function createBitGrid(place, on) {
  const grid = h("div.bit-grid", { role: "toolbar" });
  const meaning = h("div.meaning");
  place.append(ruler(), grid, meaning);
  let frame;
  let deflated;
  let way;
  let field = "opcode";
  let before;

  /**
   * @param {import("./wire.js").Frame} next
   * @param {boolean} compressed Whether RSV1 says that permessage-deflate was used.
   * @param {"in" | "out"} dir
   * @param {boolean} compare Whether to mark what differs from the frame before.
   */
  function show(next, compressed, dir, compare = false) {
    before = compare ? bits(frame.bytes) : undefined;
    frame = next;
    way = dir;
    deflated = compressed;
    const fields = fieldsOf(frame);
    if (!fields.some(({ id }) => id === field)) field = "payload";
    if (!fields.some(({ id }) => id === field)) field = "length";
    const focused = grid.contains(document.activeElement);
    grid.setAttribute("aria-label", `${t().frames.bits}. ${t().frames.bitsHint}`);
    const all = bits(frame.bytes);
    grid.replaceChildren(...fields.flatMap((f) => segments(f, all)));
    mark(field);
    if (focused) button(field).focus();
  }

  /** A field's part of each row that it touches. */
  function segments({ id, from, size }, all) {
    const drawn = id === "payload" ? Math.min(size, maxPayload - from % 32) : size;
    const parts = [];
    for (let at = from; at < from + drawn;) {
      const until = Math.min(from + drawn, (Math.floor(at / 32) + 1) * 32);
      parts.push(segment(id, at, until, all, at === from, size));
      at = until;
    }
    return parts;
  }

  function segment(id, from, until, all, first, size) {
    const cells = [];
    for (let at = from; at < until; at++) {
      const bit = h("span.bit", { "data-bit": all[at] });
      if (before && before[at] !== all[at]) bit.classList.add("changed");
      if (at % 8 === 7 && at + 1 < until) bit.classList.add("octet");
      cells.push(bit);
    }
    const label = first || until - from >= 8 ? labels[id] + (first ? "" : " …") : "";
    const attributes = first
      ? {
        type: "button",
        tabindex: -1,
        "aria-label": `${labels[id]}, ${count(size)}: ${sense(id)}`,
      }
      : { "aria-hidden": "true" };
    const part = h(
      `${first ? "button" : "span"}.segment.of-${id}`,
      { "data-field": id, ...attributes },
      h("span.bits", {}, ...cells),
      h("span.label", {}, label),
    );
    if (until - from < 3) part.classList.add("narrow");
    part.style.gridColumn = `${from % 32 + 1} / span ${until - from}`;
    part.style.setProperty("--bits", until - from);
    return part;
  }

  const button = (id) => grid.querySelector(`button[data-field="${id}"]`);
  const count = (size) => size === 1 ? t().frames.oneBit : t().frames.bitCount(size);

  /** What a field of this frame means. */
  function sense(id) {
    const words = t().meanings;
    if (id === "fin") return words.fin(frame.fin);
    if (id === "rsv1") {
      return frame.rsv[0] && !deflated ? words.rsv(true) : words.rsv1(frame.rsv[0]);
    }
    if (id.startsWith("rsv")) return words.rsv(frame.rsv[Number(id[3]) - 1]);
    if (id === "opcode") {
      return words.opcode(frame.opcode, t().opcodes[frame.opcode] ?? t().unknownOpcode);
    }
    if (id === "mask") return words.mask(frame.masked, way);
    if (id === "length") return words.length(frame.bytes[1] & 0x7f);
    if (id === "key") return words.key(hex(frame.key));
    if (id === "payload") return words.payload(frame.length);
    return words.extended(frame.length);
  }

  /** Lights a field and says what it means. */
  function mark(id) {
    for (const part of grid.children) part.classList.toggle("lit", part.dataset.field === id);
    for (const each of grid.querySelectorAll("button")) each.tabIndex = -1;
    button(field).tabIndex = 0;
    const [source, sentence] = quotation(id, frame, way);
    const size = fieldsOf(frame).find((f) => f.id === id).size;
    meaning.replaceChildren(
      h("p", {}, h("strong", {}, t().fields[id]), t().frames.bitsOf(count(size)), sense(id)),
      h("blockquote", { lang: "en" }, sentence, " ", h("cite", {}, source)),
    );
  }

  /** Lights a field for good, once there is a frame that has it. */
  function choose(id) {
    if (!(id in labels)) return;
    field = id;
    if (frame && button(id)) mark(id);
  }

  function byHand(id) {
    choose(id);
    on(id);
  }

  const fieldAt = (event) => event.target.closest("[data-field]")?.dataset.field;
  grid.addEventListener("pointerover", (event) => fieldAt(event) && mark(fieldAt(event)));
  grid.addEventListener("pointerleave", () => frame && mark(field));
  grid.addEventListener("click", (event) => fieldAt(event) && byHand(fieldAt(event)));
  grid.addEventListener("focusin", (event) => fieldAt(event) && byHand(fieldAt(event)));
  grid.addEventListener("keydown", (event) => {
    const ids = fieldsOf(frame).map(({ id }) => id);
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -ids.length, End: ids.length }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const at = Math.max(0, Math.min(ids.length - 1, ids.indexOf(field) + step));
    button(ids[at]).focus();
  });
  onLanguage(() => frame && show(frame, deflated, way));

  return { show, choose };
}

/** The numbers of the bits, as above the RFC's figure. */
function ruler() {
  const marks = Array.from({ length: 32 }, (_, i) => {
    return h("span", {}, h("b", {}, i % 10 === 0 ? `${i / 10}` : ""), `${i % 10}`);
  });
  return h("div.ruler", { "aria-hidden": "true" }, ...marks);
}

// One frame in full: its bits, its key to play with, its payload, and what that says.

import { createBitGrid } from "./bit_grid.js";
import { comparison } from "./compare.js";
import { copy, h } from "./element.js";
import { onLanguage, t } from "./i18n.js";
import { octetTable } from "./octet_table.js";
import { meaningOf } from "./payload_meaning.js";
import { hex, maskAnew, unhex } from "./wire.js";

/**
 * @param {HTMLElement} place
 * @param {object} on
 * @param {(field: string) => void} on.field A field of it was chosen.
 * @param {() => string} on.link The address that shows the same.
 */
export function createFrameView(place, on) {
  const title = h("h3.frame-title");
  const when = h("p.quiet");
  const link = h("button.button.small", { type: "button" });
  const head = h("div.frame-head", {}, h("div", {}, title, when), link);
  const keys = h("form.keys", { autocomplete: "off" });
  const octets = h("div.octet-frame");
  const says = h("div.says");
  const compared = h("section.compared");
  /** @type {import("./wire_log.js").Record | undefined} */
  let record;
  /** The frame as it is drawn: perhaps under another key than the one that was sent. */
  let drawn;

  const bitsPlace = h("div.bits-place");
  const grid = createBitGrid(bitsPlace, on.field);
  const perRow = () => octets.clientWidth >= 460 ? 16 : 8;
  let columns = 0;

  function show(next) {
    if (place.childElementCount === 0) {
      place.append(head, bitsPlace, keys, octets, says, compared);
    }
    if (next !== record) place.scrollTop = 0;
    record = next;
    drawn = record.frame;
    draw();
  }

  /** A frame has come: perhaps it completes the message of the one that is shown. */
  function changed(other) {
    if (record?.message && other !== record && other.message === record.message) explain();
  }

  function draw(before) {
    const { frame, dir, t: at, n, conn } = record;
    const parts = [t().frames.way[dir], `#${n}`, t().opcodes[frame.opcode] ?? t().unknownOpcode];
    title.textContent = parts.join(" · ");
    if (conn.from) when.textContent = t().frames.from[conn.from];
    else when.textContent = conn.id < 0 ? "" : t().frames.after(Math.round(at * 10) / 10);
    link.textContent = t().frames.copyLink;
    grid.show(drawn, record.message?.compressed ?? false, dir, before !== undefined);
    drawKeys();
    drawOctets(before);
    if (before === undefined) explain();
  }

  function drawOctets(before) {
    columns = perRow();
    const { message, cut, frame } = record;
    const parts = [h("h4", {}, t().frames.payload)];
    if (frame.length === 0) parts.push(h("p.quiet", {}, t().frames.noPayload));
    else {parts.push(
        octetTable(drawn, message?.opcode === 1 && !message.compressed, columns, before),
      );}
    if (cut) parts.push(h("p.quiet", {}, t().frames.cut(frame.payload.length, frame.length)));
    else if (frame.payload.length > 64) parts.push(h("p.quiet", {}, t().frames.tableCut(64)));
    octets.replaceChildren(...parts);
  }

  async function explain() {
    const of = record;
    says.replaceChildren(...await meaningOf(of, (parts) => says.replaceChildren(...parts)));
    const both = await comparison(of);
    // Inflating takes a moment: another may have been chosen meanwhile.
    if (of !== record) return explain();
    compared.hidden = both.length === 0;
    compared.replaceChildren(...both);
  }

  const field = h("input.field.small", {
    id: "masking-key",
    maxlength: 11,
    spellcheck: "false",
    autocapitalize: "off",
    pattern: "([0-9A-Fa-f]{2} ?){4}",
  });
  const label = h("label", { for: "masking-key" });
  const another = h("button.button.small", { type: "button" });
  const asSent = h("button.button.small", { type: "button" });
  const hint = h("p.quiet");
  keys.append(label, field, another, asSent, hint);

  function drawKeys() {
    keys.hidden = !record.frame.masked;
    if (keys.hidden) return;
    label.textContent = t().frames.keyField;
    another.textContent = t().frames.anotherKey;
    asSent.textContent = t().frames.asSent;
    hint.textContent = t().frames.keyHint;
    asSent.disabled = hex(drawn.key) === hex(record.frame.key);
    if (document.activeElement !== field) field.value = hex(drawn.key);
  }

  function remask(key) {
    if (hex(key) === hex(drawn.key)) return;
    const before = drawn;
    drawn = maskAnew(record.frame, key);
    draw(before);
  }

  field.addEventListener("input", () => {
    if (field.validity.valid && unhex(field.value).length === 4) remask(unhex(field.value));
  });
  field.addEventListener("blur", () => field.value = hex(drawn.key));
  another.addEventListener("click", () => {
    // A byte of the key that stays would leave a quarter of the payload as it is.
    remask(drawn.key.map((byte) => byte ^ (1 + Math.floor(Math.random() * 255))));
  });
  asSent.addEventListener("click", () => remask(record.frame.key));
  keys.addEventListener("submit", (event) => event.preventDefault());

  link.addEventListener("click", async () => {
    await copy(on.link());
    link.textContent = t().talk.copied;
    setTimeout(() => link.textContent = t().frames.copyLink, 1_500);
  });

  new ResizeObserver(() => {
    if (record && columns !== perRow()) drawOctets();
  }).observe(octets);
  onLanguage(() => record && draw());

  return { show, changed, light: grid.choose };
}

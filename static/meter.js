// Messages and bytes a second, and the time to the server and back: the last minute, drawn.

import { h } from "./element.js";
import { onLanguage, t } from "./i18n.js";
import { createRoundTrip } from "./round_trip.js";

const seconds = 60;
const svg = "http://www.w3.org/2000/svg";
const encoder = new TextEncoder();
const scratch = new Uint8Array(64 * 1024);

/**
 * @param {HTMLElement} place A `dl`.
 * @param {string} base `ws://host`
 */
export function createMeter(place, base) {
  const gauges = ["messages", "bytes", "roundTrip"].map((id) => createGauge(place, id));
  const [messages, bytes, time] = gauges;
  let counted = { messages: 0, bytes: 0 };
  let latest;
  createRoundTrip(`${base}/-/echo`, (ms) => latest = ms);

  /** @param {string | ArrayBuffer} data */
  function count(data) {
    counted.messages++;
    counted.bytes += typeof data === "string" ? sizeOf(data) : data.byteLength;
  }

  let last = performance.now();
  setInterval(() => {
    // A tab in the background gets its turn late.
    const passed = (performance.now() - last) / 1000;
    last = performance.now();
    messages.add(counted.messages / passed);
    bytes.add(counted.bytes / passed);
    time.add(latest);
    counted = { messages: 0, bytes: 0 };
    latest = undefined;
  }, 1_000);
  onLanguage(() => gauges.forEach((gauge) => gauge.name()));

  return { count };
}

function sizeOf(text) {
  return text.length < scratch.length / 3
    ? encoder.encodeInto(text, scratch).written
    : encoder.encode(text).length;
}

function createGauge(place, id) {
  const name = h("dt");
  const value = h("dd", {}, "–");
  const picture = document.createElementNS(svg, "svg");
  const [area, line] = ["path", "path"].map((tag) => document.createElementNS(svg, tag));
  picture.setAttribute("viewBox", `0 0 ${seconds - 1} 20`);
  picture.setAttribute("preserveAspectRatio", "none");
  picture.setAttribute("role", "img");
  area.setAttribute("class", "area");
  line.setAttribute("class", "line");
  picture.append(area, line);
  const chart = h("dd.chart", {}, picture);
  place.append(h("div.gauge", { "data-gauge": id }, name, value, chart));
  // Before the page was there nothing was said; how long the way was, nobody knows.
  const values = Array(seconds).fill(id === "roundTrip" ? undefined : 0);

  function label() {
    name.textContent = t().meter[id];
    picture.setAttribute("aria-label", t().meter.chart(t().meter[id]));
  }

  function add(next) {
    values.push(next);
    if (values.length > seconds) values.shift();
    if (next !== undefined) value.textContent = short(next);
    const top = Math.max(...values.filter((v) => v !== undefined), 1e-9);
    let path = "";
    values.forEach((v, i) => {
      if (v === undefined) return;
      path += `${path ? "L" : "M"}${seconds - values.length + i} ${(19 - 17 * v / top).toFixed(2)}`;
    });
    line.setAttribute("d", path);
    const first = seconds - values.length + values.findIndex((v) => v !== undefined);
    area.setAttribute("d", path && `${path}V20H${first}Z`);
  }

  label();
  return { add, name: label };
}

/** Three digits are enough. */
function short(value) {
  if (value >= 10_000) return t().count(Math.round(value / 100) * 100);
  return t().count(value >= 10 ? Math.round(value) : Math.round(value * 10) / 10);
}

/**
 * What a server sends, as lines to be compared: answers, then frames of a WebSocket or events of a stream.
 * @module
 */
import { constants, inflateRawSync } from "node:zlib";
import { concat, toHex } from "../tools/bytes.ts";
import { TAIL } from "../tools/deflate.ts";
import { textOf } from "../tools/raw.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** An id of a server that has just begun. */
const ID = /[0-9a-f]{8}\.\d+/g;

/** The fields that a status asks for (RFC 9110, 15), which are told with it. */
const ASKED: Record<number, string> = {
  401: "WWW-Authenticate",
  405: "Allow",
  426: "Upgrade",
  503: "Retry-After",
};

/** Reads what has come, from its first byte on: whole lines only. */
export function transcript(bytes: Uint8Array, head: boolean): string[] {
  const lines: string[] = [];
  let at = 0;
  const text = textOf(bytes);
  for (;;) {
    const end = text.indexOf("\r\n\r\n", at);
    if (end < 0) return lines;
    const [first = "", ...fields] = text.slice(at, end).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1] ?? NaN);
    if (Number.isNaN(status)) return [...lines, `no answer: ${JSON.stringify(first.slice(0, 80))}`];
    const field = (name: string) =>
      fields.find((f) => f.toLowerCase().startsWith(name + ": "))?.slice(name.length + 2);
    at = end + 4;
    if (status === 101) {
      const agreed = [field("sec-websocket-protocol"), field("sec-websocket-extensions")];
      lines.push(["101", ...agreed.filter((value) => value !== undefined)].join(" "));
      return lines.concat(frames(bytes.subarray(at)));
    }
    const closes = fields.some((each) => /^connection: close$/i.test(each)) ? "c" : "";
    const type = field("content-type")?.replace(/;.*/, "");
    if (field("transfer-encoding") === "chunked") {
      lines.push(`${status}${closes} ${type}`);
      return lines.concat(events(bytes.subarray(at)));
    }
    const length = head ? 0 : Number(field("content-length") ?? 0);
    if (bytes.length < at + length) return lines;
    const body = decoder.decode(bytes.subarray(at, at + length)).trimEnd().replace(ID, "ID");
    const told = type === "text/plain" || type === "application/json" && body !== "" ? body : type;
    const replayed = field("idempotent-replayed") === undefined ? [] : ["replayed"];
    const asked = ASKED[status];
    const given = asked === undefined ? [] : [`[${asked}: ${field(asked.toLowerCase())}]`];
    lines.push([`${status}${closes}`, ...told ? [told] : [], ...replayed, ...given].join(" "));
    at += length;
  }
}

/** What a long payload is told by. */
function shown(payload: string): string {
  return payload.length <= 200 ? payload : `of ${payload.length}`;
}

function frames(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; bytes.length >= at + 2;) {
    const first = bytes[at]!, short = bytes[at + 1]!;
    const size = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < at + size) break;
    let length = short;
    if (size > 2) length = [...bytes.subarray(at + 2, at + size)].reduce((sum, b) => sum * 256 + b);
    const end = at + size + length;
    if (bytes.length < end) break;
    lines.push(frameLine(first, bytes.subarray(at + size, end)));
    at = end;
  }
  return lines;
}

function frameLine(first: number, payload: Uint8Array): string {
  if (first === 0x81) return `text ${shown(decoder.decode(payload)).replace(ID, "ID")}`;
  if (first === 0x82) return `binary ${shown(toHex(payload))}`;
  if (first === 0xc1 || first === 0xc2) {
    const finishFlush = constants.Z_SYNC_FLUSH;
    const inflated = new Uint8Array(inflateRawSync(concat(payload, TAIL), { finishFlush }));
    return `deflated ${frameLine(first ^ 0x40, inflated)}`;
  }
  if (first === 0x89) return "ping";
  if (first === 0x8a) return `pong ${shown(decoder.decode(payload))}`.trimEnd();
  if (first !== 0x88) return `frame ${first.toString(16)} ${toHex(payload)}`;
  if (payload.length === 0) return "close";
  const code = payload[0]! * 256 + payload[1]!;
  return `close ${code} ${decoder.decode(payload.subarray(2))}`.trimEnd();
}

/** Chunks, each an event. */
function events(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0;;) {
    const match = /^([0-9a-f]+)\r\n/.exec(textOf(bytes.subarray(at, at + 16)));
    if (match === null) return lines;
    const from = at + match[0].length, end = from + Number.parseInt(match[1]!, 16);
    if (bytes.length < end + 2) return lines;
    const event = decoder.decode(bytes.subarray(from, end)).trimEnd().replace(ID, "ID");
    lines.push(end === from ? "last chunk" : event.replace(/\n/g, ", "));
    at = end + 2;
  }
}

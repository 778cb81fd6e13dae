// What the tap tells, put in order: connections, their heads, frames, and the messages these make.

import { deflates, parseHead } from "./handshake.js";
import { createInflater } from "./inflate.js";
import { isControl, parseFrame, unhex } from "./wire.js";

/**
 * @typedef {object} Message
 * @property {"in" | "out"} dir
 * @property {number} opcode
 * @property {boolean} compressed
 * @property {Record[]} frames
 * @property {boolean} whole Whether its last fragment is here.
 * @property {Promise<import("./inflate.js").Inflated | "notAlone" | "broken"> | undefined} inflated
 *   Of a compressed message that is here whole.
 * @property {string | undefined} key What {@link messageKey} makes of it, on a connection of the page.
 */

/**
 * @typedef {object} Record One frame.
 * @property {number} n From 1.
 * @property {number | undefined} t Milliseconds since the first byte of its connection; `undefined` where nobody knows.
 * @property {"in" | "out"} dir As the server sees it: `in` is from the client.
 * @property {import("./wire.js").Frame} frame
 * @property {boolean} cut
 * @property {Message | undefined} message None for a control frame.
 * @property {number} part Which fragment of its message, from 1.
 */

/** Names one message of the page: of its connection `as`, one way, the nth. */
export const messageKey = (as, dir, nth) => `${as} ${dir} ${nth}`;

/** The payloads of all fragments, unmasked. */
export function dataOf({ frames }) {
  if (frames.length === 1) return frames[0].frame.data;
  return Uint8Array.from(frames.flatMap(({ frame }) => [...frame.data]));
}

/**
 * @param {{ heads(conn: object): void, frame(record: Record): void, lost(n: number): void }} on
 */
export function createWireLog(on) {
  let conns = new Map();
  let count = 0;
  let played = -1;

  function connection(id) {
    if (!conns.has(id)) {
      conns.set(id, {
        id,
        began: undefined,
        as: undefined,
        request: undefined,
        response: undefined,
        inflaters: undefined,
        fragments: { in: undefined, out: undefined },
        messages: { in: 0, out: 0 },
      });
    }
    return conns.get(id);
  }

  function event({ t, conn = 0, dir, kind, text, hex, cut = false, lost }) {
    if (lost !== undefined) return missed(lost);
    const at = connection(conn);
    at.began ??= t;
    if (kind === "head") head(at, dir, text);
    else if (kind === "frame") frame(at, t - at.began, dir, parseFrame(unhex(hex)), cut);
  }

  function head(at, dir, text) {
    if (dir === "in") {
      at.request = text;
      // The page numbers its own; another client of the same tap does not.
      at.as = /^\S+ \S+[?&]as=(\d+)/.exec(text)?.[1];
    } else {
      at.response = text;
      if (deflates(parseHead(text).get("sec-websocket-extensions"))) {
        at.inflaters = { in: createInflater(), out: createInflater() };
      }
    }
    on.heads(at);
  }

  function frame(at, t, dir, frame, cut) {
    const record = { n: ++count, t, dir, frame, cut, conn: at, message: undefined, part: 1 };
    if (!isControl(frame.opcode)) {
      const message = at.fragments[dir] ?? {
        dir,
        opcode: frame.opcode,
        compressed: frame.rsv[0] && at.inflaters !== undefined,
        inflated: undefined,
        frames: [],
        whole: false,
        key: at.as && messageKey(at.as, dir, ++at.messages[dir]),
      };
      message.frames.push(record);
      message.whole = frame.fin;
      at.fragments[dir] = frame.fin ? undefined : message;
      record.message = message;
      record.part = message.frames.length;
      if (message.whole && message.compressed) inflate(message, at.inflaters[dir]);
    }
    on.frame(record);
    return record;
  }

  function inflate(message, inflater) {
    if (message.frames.some((record) => record.cut)) inflater.lose();
    else message.inflated = inflater.next(dataOf(message));
  }

  /** Nobody knows which: what follows cannot be counted any more, nor joined to what came before. */
  function missed(lost) {
    for (const at of conns.values()) {
      at.as = undefined;
      at.fragments = { in: undefined, out: undefined };
      at.inflaters?.in.lose();
      at.inflaters?.out.lose();
    }
    on.lost(lost);
  }

  /**
   * A frame of no connection that there is.
   * @param {"link" | "what"} from The address of the page, or a client that was played.
   * @param {"in" | "out"} dir
   * @param {string} hex
   * @param {boolean} [deflated] Whether RSV1 means that it is compressed, by itself.
   * @returns {Record}
   */
  function play(from, dir, hex, deflated = false) {
    const at = connection(--played);
    at.from = from;
    if (deflated) at.inflaters = { in: createInflater(), out: createInflater() };
    const parsed = parseFrame(unhex(hex));
    return frame(at, undefined, dir, parsed, parsed.payload.length < parsed.length);
  }

  /** Forgets all connections: another tap counts from 0. */
  function reset() {
    conns = new Map();
  }

  return { event, play, reset };
}

/**
 * Cases in the manner of the Autobahn suite: what a client sends to an echo, and exactly what comes back.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { MessageLimits } from "../../lib/websocket/message.ts";
import { Input } from "../../lib/websocket/input.ts";
import { Protocol } from "../../lib/websocket/protocol.ts";
import { concat, utf8 } from "./bytes.ts";
import { clientClose, clientFrame, wrote } from "./frames.ts";

/** One case. */
export interface Case {
  /** What the client sends, one after the other; one that goes as it should ends with a close frame, which is added. */
  send: Uint8Array[];
  /** The frames that come back before the close, made by {@linkcode reply}. */
  replies?: string[];
  /** The code that the server fails the connection with; none where all goes as it should. */
  fails?: number;
  /** Into how many bytes each the stream is cut, besides whole and frame by frame. */
  chops?: number[];
  /** Frames after the close, which nobody answers. */
  after?: Uint8Array[];
}

const encoded = (payload: string | Uint8Array) =>
  typeof payload === "string" ? utf8(payload) : payload;

/** A frame that the client sends. */
export function frame(first: number, payload: string | Uint8Array = ""): Uint8Array {
  return clientFrame(first, encoded(payload));
}

/** A frame that comes back. */
export function reply(first: number, payload: string | Uint8Array = ""): string {
  return wrote(first, encoded(payload));
}

/** Larger than anything that a case sends. */
const LIMITS: MessageLimits = { maxMessage: 64 << 20, maxFragments: 100_000 };

/** What an echo writes, given the pieces in which bytes arrive; its end is the last line. */
export function echo(pieces: Iterable<Uint8Array>): string[] {
  const log: string[] = [];
  const protocol: Protocol = new Protocol(
    { frame: (first, payload) => log.push(wrote(first, payload)) },
    { message: (payload, opcode) => void protocol.send(payload, opcode) },
    LIMITS,
  );
  const input = new Input();
  for (const piece of pieces) {
    input.append(piece);
    protocol.receive(input);
  }
  input.dispose();
  const { state, ending } = protocol;
  const end = ending === undefined ? "" : ` ${ending.code}${ending.clean ? " clean" : ""}`;
  return [...log, state + end];
}

function* chopped(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Asserts that a case goes as it should: frame by frame, whole, and in pieces. */
export function conforms({ send, replies = [], fails, chops = [1], after = [] }: Case): void {
  const clean = fails === undefined;
  const close = clientClose(1000);
  const frames = [...send, ...(clean ? [close] : []), ...after];
  const bytes = concat(...frames);
  const ways = [frames, [bytes], ...chops.map((size) => chopped(bytes, size))];
  const code = fails ?? 1000;
  for (const pieces of ways) {
    const seen = echo(pieces);
    const end = seen.pop();
    // The reason behind the code is the server's to choose.
    const last = clean ? seen.pop() : seen.pop()?.slice(0, "wrote 88 03ea".length);
    assertEquals(seen, replies);
    assertEquals(last, `wrote 88 ${code.toString(16).padStart(4, "0")}`);
    assertEquals(end, `closed ${code}${clean ? " clean" : ""}`);
  }
}

/** Declares a test for each case, by its number in the suite. */
export function conformance(cases: Record<string, [what: string, make: () => Case]>): void {
  for (const [number, [what, make]] of Object.entries(cases)) {
    Deno.test(`Autobahn ${number}: Protocol ${what}`, () => conforms(make()));
  }
}

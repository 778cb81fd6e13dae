/**
 * Publishes over HTTP at a rate: one request at a time on each of many kept connections (RFC 9112, 9.3).
 * @module
 */
import { letters } from "./frames.ts";
import { close, dial, type Poll, receive, send } from "./libc.ts";

/** Most connections: more requests under way than that wait. */
export const PUBLISHERS = 128;
/** Bytes of a body that hold its time: `T` and 16 hexadecimal digits. */
export const STAMP = 17;
const encoder = new TextEncoder(), decoder = new TextDecoder("latin1");
const DIGITS = encoder.encode("0123456789abcdef");

/** Now, in ms since 1970, to the microsecond. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

function writeHex(bytes: Uint8Array, at: number, value: number): void {
  for (let i = 7; i >= 0; i--, value = Math.floor(value / 16)) bytes[at + i] = DIGITS[value % 16]!;
}

function readHex(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const digit = bytes[at + i]!;
    value = value * 16 + (digit < 58 ? digit - 48 : digit - 87);
  }
  return value;
}

/** Writes a time, in ms since 1970, as nanoseconds. */
export function writeStamp(bytes: Uint8Array, at: number, ms: number): void {
  const ns = ms * 1e6;
  bytes[at] = 84;
  writeHex(bytes, at + 1, Math.floor(ns / 2 ** 32));
  writeHex(bytes, at + 9, ns % 2 ** 32);
}

/** Reads it. `undefined` where there is none. */
export function readStamp(bytes: Uint8Array, at: number): number | undefined {
  if (bytes[at] !== 84) return undefined;
  return (readHex(bytes, at + 1) * 2 ** 32 + readHex(bytes, at + 9)) / 1e6;
}

/** What is published, and where. */
export interface Publishing {
  /** The server's port. */
  port: number;
  /** The path of each message, in turn. */
  paths: readonly string[];
  /** Body, in bytes: at least a stamp. */
  size: number;
}

/** One publisher; its connections have the numbers from `first` on. */
export class Publisher {
  /** How many messages were taken by the server. */
  published = 0;
  /** How many answers were none of 200 or 204. */
  failed = 0;
  readonly #poll: Poll;
  readonly #first: number;
  readonly #requests: { bytes: Uint8Array<ArrayBuffer>; stampAt: number }[];
  readonly #publishing: Publishing;
  readonly #fds = new Map<number, number>();
  readonly #idle: number[] = [];
  readonly #answers = new Map<number, string>();
  readonly #pending = new Map<number, number>();
  readonly #buffer = new Uint8Array(4096);
  #opened = 0;
  #turn = 0;
  #due = Infinity;
  #interval = 0;
  /** When messages fell due that found no connection free. */
  #late: number[] = [];

  constructor(poll: Poll, first: number, publishing: Publishing) {
    this.#poll = poll;
    this.#first = first;
    this.#publishing = publishing;
    this.#requests = publishing.paths.map((path) => {
      const head = encoder.encode(
        `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${publishing.port}\r\n` +
          `Content-Type: text/plain\r\nContent-Length: ${publishing.size}\r\n\r\n`,
      );
      const bytes = new Uint8Array(head.length + publishing.size);
      bytes.set(head);
      bytes.set(letters(publishing.size), head.length);
      return { bytes, stampAt: head.length };
    });
  }

  /** How many messages wait for a connection, or for their answer. */
  get waiting(): number {
    return this.#late.length + this.#pending.size;
  }

  /** Begins now, with so many messages a second. */
  start(rate: number): void {
    this.#interval = 1000 / rate;
    this.#due = wallClock();
  }

  /** Forgets what could not be sent in time. */
  stop(): void {
    this.#due = Infinity;
    this.#late = [];
  }

  /** Sends what is due. The time in it is when it fell due, also where it leaves later. Returns ms until the next. */
  turn(): number {
    const now = wallClock();
    for (; this.#due <= now; this.#due += this.#interval) this.#late.push(this.#due);
    while (this.#late.length > 0) {
      const id = this.#idle.pop() ?? this.#open();
      if (id === undefined) break;
      this.#post(id, this.#late.shift()!);
    }
    return this.#due - now;
  }

  #open(): number | undefined {
    if (this.#opened >= PUBLISHERS) return undefined;
    const id = this.#first + this.#opened++;
    this.#fds.set(id, dial(this.#publishing.port));
    this.#poll.add(this.#fds.get(id)!, id);
    return id;
  }

  #post(id: number, due: number): void {
    const { bytes, stampAt } = this.#requests[this.#turn++ % this.#requests.length]!;
    writeStamp(bytes, stampAt, due);
    const sent = send(this.#fds.get(id)!, bytes, bytes.length);
    if (sent !== bytes.length && sent > 0) throw new Error("a socket without room for a request");
    this.#pending.set(id, due);
    if (sent > 0) return;
    // It is not connected yet, or was ended for idleness: again, on a new connection, or when it is.
    this.#turn--;
    this.#answers.set(id, "unsent");
  }

  /** Takes what happened on a connection of the publisher. */
  ready(id: number, broken: boolean): void {
    const fd = this.#fds.get(id);
    if (fd === undefined) return;
    if (broken) return this.#gone(id, fd);
    if (this.#answers.get(id) === "unsent") {
      this.#answers.delete(id);
      this.#post(id, this.#pending.get(id)!);
    }
    for (;;) {
      const count = receive(fd, this.#buffer);
      if (count === 0) return;
      if (count < 0) return this.#gone(id, fd);
      const text = (this.#answers.get(id) ?? "") + decoder.decode(this.#buffer.subarray(0, count));
      const head = text.indexOf("\r\n\r\n");
      const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
      if (head < 0 || text.length < head + 4 + length) {
        this.#answers.set(id, text);
        continue;
      }
      this.#answers.delete(id);
      this.#pending.delete(id);
      if (/^HTTP\/1.1 20[04] /.test(text)) this.published++;
      else this.failed++;
      this.#idle.push(id);
    }
  }

  #gone(id: number, fd: number): void {
    close(fd);
    const due = this.#pending.get(id);
    this.#pending.delete(id);
    this.#answers.delete(id);
    if (due !== undefined) this.#late.unshift(due);
    const at = this.#idle.indexOf(id);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#fds.set(id, dial(this.#publishing.port));
    this.#poll.add(this.#fds.get(id)!, id);
    this.#idle.unshift(id);
  }
}

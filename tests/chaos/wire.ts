/**
 * A TCP connection that can be cut at any byte, and readers of what comes.
 * @module
 */
import net from "node:net";
import { concat, utf8 } from "../tools/bytes.ts";
import { clientFrame } from "../tools/frames.ts";

/** How a connection is cut: by RST, or by FIN. */
export type Cut = "RST" | "FIN";

/** One TCP connection over loopback. */
export class Wire {
  /** Resolves when it is over, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: net.Socket;
  #over = false;

  /**
   * @param port Where to.
   * @param take Told what arrives, until the connection is cut.
   */
  constructor(port: number, take: (bytes: Uint8Array) => void) {
    const socket = this.#socket = net.connect(port, "127.0.0.1");
    socket.setNoDelay();
    // That the connection ended is known by `close`; how, nobody asks.
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      if (!this.#over) take(bytes);
    });
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  /** Sends, once it is connected. Resolves when it has left, or never will. */
  send(bytes: Uint8Array): Promise<void> {
    if (this.#over || this.#socket.destroyed) return Promise.resolve();
    const sent = new Promise<void>((resolve) => this.#socket.write(bytes, () => resolve()));
    return Promise.race([sent, this.closed]);
  }

  /** Reads no more until the promise resolves. */
  pauseUntil(promise: Promise<void>): void {
    this.#socket.pause();
    promise.then(() => this.#socket.resume());
  }

  /** Ends it. */
  cut(how: Cut): void {
    this.#over = true;
    this.#socket.resume();
    if (how === "FIN") this.#socket.end();
    else this.#socket.resetAndDestroy();
  }
}

/** What a subscriber is told: JSON, and the id of an event. */
export type Told = (text: string, id?: string) => void;

/** Finds the end of a response's head. */
function headEnd(bytes: Uint8Array): number {
  for (let at = 3; at < bytes.length; at++) {
    if (bytes[at] === 10 && bytes[at - 1] === 13 && bytes[at - 2] === 10) return at + 1;
  }
  return 0;
}

const decoder = new TextDecoder();

/** Reads what a subscription sends: a response's head, then frames or events. */
export class Reader {
  /** The status of the response; 0 before it is there. */
  status = 0;
  /** The code of a Close frame. */
  closeCode = 0;
  readonly #kind: "ws" | "sse";
  readonly #refusable: boolean;
  readonly #told: Told;
  readonly #ping: () => void;
  #bytes: Uint8Array = new Uint8Array(0);

  /**
   * @param kind What follows the head.
   * @param told Told of each message or event.
   * @param ping Told of each ping.
   * @param refusable Whether it may be answered 503, and nothing behind that.
   */
  constructor(kind: "ws" | "sse", told: Told, ping: () => void = () => {}, refusable = false) {
    this.#kind = kind;
    this.#refusable = refusable;
    this.#told = told;
    this.#ping = ping;
  }

  /** Whether it was refused, as it may be. */
  get refused(): boolean {
    return this.#refusable && this.status === 503;
  }

  /** Takes what has arrived. */
  push(chunk: Uint8Array): void {
    if (this.refused) return;
    this.#bytes = this.#bytes.length === 0 ? chunk : concat(this.#bytes, chunk);
    if (this.status === 0) {
      const end = headEnd(this.#bytes);
      if (end === 0) return;
      const head = decoder.decode(this.#bytes.subarray(0, end));
      this.status = Number(head.slice(9, 12));
      if (this.refused) return;
      if (this.status !== (this.#kind === "ws" ? 101 : 200)) throw new Error(`answered ${head}`);
      this.#bytes = this.#bytes.subarray(end);
    }
    let at = 0;
    for (let size: number; (size = this.#one(at)) > 0;) at += size;
    this.#bytes = this.#bytes.slice(at);
  }

  /** Reads one frame or event. Returns its size, 0 while it is not whole. */
  #one(at: number): number {
    return this.#kind === "ws" ? this.#frame(this.#bytes.subarray(at)) : this.#event(at);
  }

  #frame(bytes: Uint8Array): number {
    if (bytes.length < 2) return 0;
    const short = bytes[1]!, start = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < start) return 0;
    let length = short;
    if (start > 2) length = bytes.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
    if (bytes.length < start + length) return 0;
    const payload = bytes.subarray(start, start + length);
    if (bytes[0] === 0x81) this.#told(decoder.decode(payload));
    else if (bytes[0] === 0x89) this.#ping();
    else if (bytes[0] === 0x88) this.closeCode = payload[0]! * 256 + payload[1]!;
    else throw new Error(`frame 0x${bytes[0]!.toString(16)}`);
    return start + length;
  }

  /** An event, or a comment, is a chunk (RFC 9112, 7.1); the last one is empty. */
  #event(start: number): number {
    const bytes = this.#bytes, line = bytes.indexOf(10, start);
    if (line < 0) return 0;
    const size = Number.parseInt(decoder.decode(bytes.subarray(start, line)), 16);
    const end = line + 1 + size;
    if (Number.isNaN(size)) throw new Error("not a chunk");
    if (bytes.length < end + 2) return 0;
    const fields = decoder.decode(bytes.subarray(line + 1, end)).split("\n");
    const of = (name: string) => fields.find((f) => f.startsWith(name))?.slice(name.length);
    const data = of("data: ");
    if (data !== undefined) this.#told(data, of("id: "));
    return end + 2 - start;
  }
}

/** The request that opens a WebSocket with envelopes. */
export function upgrade(path: string): Uint8Array {
  return utf8(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Protocol: kodama.v1\r\n\r\n",
  );
}

/** The frame of a text, as a client sends it. */
export function textFrame(text: string): Uint8Array {
  return clientFrame(0x81, utf8(text));
}

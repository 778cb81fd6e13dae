/**
 * Many connections to one server, each first shaking hands (RFC 6455, 4.1), 64 at a time.
 * @module
 */
import { CARRY } from "./frames.ts";
import { close, dial, Poll, receive, send } from "./libc.ts";
import type { Session } from "./tls.ts";

/** What is told of connections that are open. */
export interface SwarmEvents {
  /** The handshake is done. */
  open?(id: number): void;
  /** Bytes arrived: `bytes[start]` to `bytes[end]`. */
  data(id: number, bytes: Uint8Array, start: number, end: number): void;
  /** What could not be sent may be now. */
  writable?(id: number): void;
  /** The server ended the connection. */
  ended?(id: number): void;
}

/** Handshakes at once: less than any server's backlog. */
const AT_ONCE = 64;
const encoder = new TextEncoder(), decoder = new TextDecoder("latin1");
const Connecting = 1, Shaking = 2, Open = 3, Ended = 4;

/** What is connected to, and how. */
export interface Target {
  /** The port, on this machine. */
  port: number;
  /** The path of a connection's handshake; `undefined`: none, bytes only. */
  path: ((id: number) => string) | undefined;
  /** Speaks TLS, where that is spoken. */
  tls?: typeof import("./tls.ts") | undefined;
}

/** The connections, numbered from 0. */
export class Swarm {
  readonly poll = new Poll();
  /** How many are open. */
  open = 0;
  /** How many the server ended, or refused. */
  ended = 0;
  readonly #target: Target;
  readonly #events: SwarmEvents;
  readonly #fds: Int32Array;
  readonly #state: Uint8Array;
  readonly #sessions: Session[] = [];
  readonly #heads = new Map<number, string>();
  readonly #buffer = new Uint8Array(CARRY + (1 << 18));
  readonly #area = this.#buffer.subarray(CARRY);

  constructor(size: number, target: Target, events: SwarmEvents) {
    this.#fds = new Int32Array(size).fill(-1);
    this.#state = new Uint8Array(size);
    this.#target = target;
    this.#events = events;
  }

  /** Begins to connect one. */
  dial(id: number): void {
    this.#fds[id] = dial(this.#target.port);
    this.#state[id] = Connecting;
    const { tls } = this.#target;
    if (tls !== undefined) this.#sessions[id] = tls.begin(this.#fds[id]!);
    this.poll.add(this.#fds[id]!, id);
  }

  /**
   * Opens all of them.
   * @throws {Error} If that takes over 60 s, or one is refused.
   */
  openAll(): void {
    const size = this.#fds.length, deadline = performance.now() + 60_000;
    for (let dialed = 0; this.open < size;) {
      while (dialed < size && dialed - this.open < AT_ONCE) this.dial(dialed++);
      this.turn(100);
      if (this.ended > 0) throw new Error(`the server ended a connection: ${this.refusal}`);
      if (performance.now() > deadline) throw new Error(`only ${this.open} of ${size} are open`);
    }
  }

  /** What the server said instead of 101. */
  refusal = "nothing";
  /** Told of sockets in the poll whose numbers are not of the swarm. */
  others: (id: number, broken: boolean) => void = () => {};

  /** Waits for something to happen, at most so many ms, and tells it. */
  turn(ms: number): void {
    this.poll.wait(ms, this.#ready);
  }

  /** Sends the first `length` bytes, or some. Returns how many. */
  send(id: number, bytes: Uint8Array<ArrayBuffer>, length: number): number {
    if (this.#state[id] === Ended) return 0;
    const { tls } = this.#target;
    if (tls !== undefined) return tls.send(this.#sessions[id]!, bytes, length);
    return send(this.#fds[id]!, bytes, length);
  }

  /** Closes a connection; its number can be dialed anew. */
  close(id: number): void {
    if (this.#state[id] === Open) this.open--;
    this.#target.tls?.end(this.#sessions[id]!);
    close(this.#fds[id]!);
    this.#state[id] = Ended;
  }

  readonly #ready = (id: number, broken: boolean): void => {
    if (id >= this.#state.length) return this.others(id, broken);
    const state = this.#state[id]!;
    if (state === Ended) return;
    if (broken) return this.#lost(id);
    if (state === Connecting) {
      this.#connected(id);
      // The request leaves when the handshake of TLS is done, and that goes on where it is sent.
      if (this.#state[id] === Connecting) return;
    } else if (state === Open) this.#events.writable?.(id);
    this.#read(id);
  };

  #lost(id: number): void {
    this.close(id);
    this.ended++;
    this.#events.ended?.(id);
  }

  #connected(id: number): void {
    const { path, port } = this.#target;
    if (path === undefined) return this.#opened(id);
    const request = encoder.encode(
      `GET ${path(id)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        "Sec-WebSocket-Version: 13\r\n\r\n",
    );
    const sent = this.send(id, request, request.length);
    if (sent === 0) return;
    this.#state[id] = Shaking;
    if (sent < request.length) throw new Error("a socket without room for a handshake");
  }

  #opened(id: number): void {
    this.#state[id] = Open;
    this.open++;
    this.#events.open?.(id);
  }

  #read(id: number): void {
    const { tls } = this.#target;
    for (;;) {
      const count = tls === undefined
        ? receive(this.#fds[id]!, this.#area)
        : tls.receive(this.#sessions[id]!, this.#area);
      if (count === 0) return;
      if (count < 0) return this.#lost(id);
      const end = CARRY + count;
      let start = CARRY;
      if (this.#state[id] !== Open) {
        start = this.#head(id, start, end);
        if (this.#state[id] !== Open) return;
      }
      if (start < end) this.#events.data(id, this.#buffer, start, end);
      const all = tls === undefined && count < this.#area.length;
      if (all || this.#state[id] !== Open) return;
    }
  }

  /** Takes bytes of the answer to the handshake. Returns where what follows it begins. */
  #head(id: number, start: number, end: number): number {
    const before = this.#heads.get(id) ?? "";
    const head = before + decoder.decode(this.#buffer.subarray(start, end));
    const stop = head.indexOf("\r\n\r\n");
    if (stop < 0) {
      this.#heads.set(id, head);
      return end;
    }
    this.#heads.delete(id);
    if (head.startsWith("HTTP/1.1 101")) this.#opened(id);
    else {
      this.refusal = head.split("\r\n", 1)[0]!;
      this.#lost(id);
    }
    return start + stop + 4 - before.length;
  }
}

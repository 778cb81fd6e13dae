/**
 * What a handler is given of a WebSocket: a narrow face of it, with a queue that ends nobody, and channels.
 * @module
 */
import type { Since } from "../hub/cursor.ts";
import type { Gap, Opening } from "../hub/hub.ts";
import type { Socket } from "../net/socket.ts";
import type { Peer } from "../net/transport.ts";
import type { FrameForms, Mode } from "../service/forms.ts";
import { encodeFrame, Opcode } from "../websocket/frame.ts";
import { type ChannelGap, gapOf, namesOf, sinceOf } from "./channels.ts";
import { Follower } from "./follower.ts";
import type { LazyHub } from "./lazy_hub.ts";
import type {
  SendOptions,
  ServerSocket,
  SocketSubscribeOptions,
  Subscribed,
} from "./server_socket.ts";
import { HIGH_WATER, SocketReader } from "./socket_reader.ts";

/** What all sockets of a server have in common. */
export interface SocketContext {
  /** What may wait when another message is sent, in bytes. */
  maxBuffered: number;
  /** The channels. */
  hub: LazyHub;
  /** How messages become frames. */
  forms: FrameForms;
  /** Told when a queue that was long is no more; `undefined` if nobody wants to know. */
  drain: ((socket: ServerSocket) => void) | undefined;
  /** Told where messages may be missing; `undefined` if nobody wants to know. */
  gap: ((socket: ServerSocket, gap: ChannelGap) => void) | undefined;
  /** Told what went wrong. */
  fault: (error: unknown) => void;
}

const MAX_PING = 125;
const encoder = new TextEncoder();

/** Shows a socket the text that its handler is looking at, and the bytes of that; or that it is no more. */
export let look: (face: Face, text: string | undefined, bytes: Uint8Array | undefined) => void;
/** Tells a socket that its connection has ended. */
export let end: (face: Face) => void;

/** A {@linkcode ServerSocket}. What a handler has no use for is private. */
export class Face implements ServerSocket {
  data: unknown;
  readonly #socket: Socket;
  readonly #context: SocketContext;
  readonly #mark: number;
  /** Whether somebody waits for the queue to become short. */
  #draining = false;
  #ended = false;
  #followers: Map<string, Follower> | undefined;
  /** The text that the handler is looking at, and its bytes: who sends it back need not encode it. */
  #text: string | undefined;
  #bytes: Uint8Array | undefined;

  constructor(socket: Socket, data: unknown, context: SocketContext) {
    this.data = data;
    this.#socket = socket;
    this.#context = context;
    this.#mark = Math.min(HIGH_WATER, context.maxBuffered);
    // What is over the limit is dropped here, and ends nothing.
    socket.maxBuffered = Infinity;
  }

  get peer(): Peer {
    return this.#socket.peer;
  }

  get remoteAddress(): string {
    return this.#socket.peer.hostname;
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get readyState(): 1 | 2 | 3 {
    return this.#socket.open ? 1 : this.#ended ? 3 : 2;
  }

  get open(): boolean {
    return this.#socket.open;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  get subscriptions(): string[] {
    return [...this.#followers?.keys() ?? []];
  }

  send(data: string | Uint8Array, options?: SendOptions): number {
    const socket = this.#socket, before = socket.bufferedAmount;
    if (before > this.#context.maxBuffered) return this.#drop();
    if (typeof data !== "string") socket.send(data, Opcode.Binary, options?.compress);
    else if (data === this.#text) socket.send(this.#bytes!, Opcode.Text, options?.compress);
    else socket.send(data, Opcode.Text, options?.compress);
    return this.#taken(before, socket.bufferedAmount);
  }

  ping(data: string | Uint8Array = ""): number {
    const payload = typeof data === "string" ? encoder.encode(data) : data;
    if (payload.length > MAX_PING) throw new RangeError(`a ping has at most ${MAX_PING} bytes`);
    const socket = this.#socket, before = socket.bufferedAmount;
    if (before > this.#context.maxBuffered) return this.#drop();
    socket.sendFrame(encodeFrame(Opcode.Ping, payload));
    return this.#taken(before, socket.bufferedAmount);
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.drop();
  }

  subscribe(
    channels: string | readonly string[],
    options: SocketSubscribeOptions = {},
  ): Promise<Subscribed> {
    const names = namesOf(channels), since = sinceOf(options.since);
    const subscribed = this.#follow(names, since, options.envelope === true ? "envelope" : "raw");
    // Who does not wait for it need not: what goes wrong has closed the socket.
    subscribed.catch(() => {});
    return subscribed;
  }

  unsubscribe(channel: string): boolean {
    const follower = this.#followers?.get(channel);
    if (follower === undefined) return false;
    this.#followers!.delete(channel);
    follower.leave(channel);
    return true;
  }

  static {
    look = (face, text, bytes) => {
      face.#text = text;
      face.#bytes = bytes;
    };
    end = (face) => {
      face.#ended = true;
      for (const channel of face.#followers?.keys() ?? []) face.unsubscribe(channel);
    };
  }

  async #follow(
    names: readonly string[],
    since: Since | undefined,
    mode: Mode,
  ): Promise<Subscribed> {
    if (!this.open) throw new DOMException("the socket is not open", "AbortError");
    const { hub, gap } = this.#context;
    const told = gap && ((what: Gap) => gap(this, gapOf(what)));
    const reader = new SocketReader(this.#socket, names, mode, told, this.#context);
    const follower = new Follower(hub.get(), names, reader);
    const followers = this.#followers ??= new Map();
    for (const name of names) {
      this.unsubscribe(name);
      followers.set(name, follower);
    }
    let opening: Opening | undefined;
    try {
      opening = await follower.follow(since);
    } catch (error) {
      follower.end();
      reader.fail(error);
      throw error;
    }
    if (opening === undefined) throw new DOMException("unsubscribed meanwhile", "AbortError");
    const { id, lost } = gapOf(opening);
    return { id, lost };
  }

  /** Says what became of something that was sent, by how much waited before and waits now. */
  #taken(before: number, after: number): number {
    // Where no more waits the socket is not open, or its peer is gone.
    if (after <= this.#mark || after === before) return after - before;
    this.#await();
    return -1;
  }

  #drop(): number {
    if (this.open) this.#await();
    return 0;
  }

  /** Has whoever wants to know told when the queue is short again. */
  #await(): void {
    const { drain } = this.#context;
    if (drain === undefined || this.#draining) return;
    this.#draining = true;
    this.#socket.drained(this.#mark).then(() => {
      this.#draining = false;
      if (this.open) drain(this);
    });
  }
}

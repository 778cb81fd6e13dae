/**
 * One WebSocket connection: protocol, buffers and deadlines put together.
 * @module
 */
import { CloseCode, type CloseReason, isAbnormal } from "../websocket/close.ts";
import { PermessageDeflate } from "../websocket/deflate.ts";
import type { Ending, ProtocolEvents } from "../websocket/events.ts";
import { FIN, headerSize, Opcode, writeHeader } from "../websocket/frame.ts";
import type { Accepted } from "../websocket/handshake.ts";
import type { DeflateParameters } from "../websocket/negotiate.ts";
import { Protocol } from "../websocket/protocol.ts";
import { encodeText } from "../websocket/utf8.ts";
import type { Timed } from "./clock.ts";
import { LARGE } from "./outbox.ts";
import type { ConnectionSettings } from "./settings.ts";
import { isGone, type Peer, type Transport } from "./transport.ts";
import { nextTurn } from "./turn.ts";
import type { Watch } from "./watch.ts";

/** What a WebSocket's owner wants to know. A throw in any of these ends that connection (1011), never the process. */
export interface SocketHandler {
  /** The handshake is done. */
  open?(socket: Socket): void;
  /**
   * A whole message.
   * @param payload Valid until this returns; text is valid UTF-8.
   * @param opcode {@linkcode Opcode} `Text` or `Binary`.
   */
  message?(socket: Socket, payload: Uint8Array, opcode: number): void;
  /** A ping; it is answered already. */
  ping?(socket: Socket): void;
  /** The end, exactly once. */
  close?(socket: Socket, ending: Ending): void;
  /** Called at each tick of the clock while open; now in ms. */
  tick?(socket: Socket, now: number): void;
}

/** Own replies that may wait before reading stops until they have left, in bytes. */
const PAUSE = 64 * 1024;
const nothing = new Uint8Array(0);

/** The server's side of one WebSocket. */
export class Socket implements ProtocolEvents, Timed {
  /** The subprotocol that was chosen; empty where none was. */
  readonly protocol: string;
  readonly #transport: Transport;
  readonly #machine: Protocol;
  readonly #handler: SocketHandler;
  readonly #settings: ConnectionSettings;
  readonly #fault: (error: unknown) => void;
  readonly #watch: Watch;
  /** Why we closed, where that is not as it should be. */
  #because: CloseReason | undefined;
  readonly #deflate: DeflateParameters | undefined;
  /** The message that the handler is looking at. */
  #payload: Uint8Array | undefined;
  #ended = false;
  #paused = false;
  /** Resolves when messages are taken again; `undefined` while they are. */
  #held: PromiseWithResolvers<void> | undefined;
  #pingAt: number;
  /** Until when a sign of life must come, after a ping. */
  #aliveBy = Infinity;
  #messageBy = Infinity;
  #messages = 0;
  #closeBy = Infinity;

  /**
   * @param transport The connection, its handshake answered; bytes behind the request are in its input.
   * @param accepted What the handshake agreed on.
   * @param handler Who is told.
   * @param settings Limits and times.
   * @param fault Told what a handler threw.
   * @param watch Told of an end that is not as it should be.
   */
  constructor(
    transport: Transport,
    accepted: Accepted,
    handler: SocketHandler,
    settings: ConnectionSettings,
    fault: (error: unknown) => void,
    watch: Watch = {},
  ) {
    this.protocol = accepted.protocol ?? "";
    this.#transport = transport;
    this.#deflate = accepted.deflate;
    const deflate = accepted.deflate &&
      new PermessageDeflate(accepted.deflate, settings.deflateThreshold);
    this.#machine = new Protocol(transport.outbox, this, settings, deflate);
    this.#handler = handler;
    this.#settings = settings;
    this.#fault = fault;
    this.#watch = watch;
    this.#pingAt = transport.now + settings.pingInterval;
    transport.owner = this;
  }

  /** Who is at the other end. */
  get peer(): Peer {
    return this.#transport.peer;
  }

  /** Whether messages can be sent. */
  get open(): boolean {
    return this.#machine.state === "open";
  }

  /** What was sent and has not left yet, in bytes. */
  get bufferedAmount(): number {
    return this.#transport.outbox.bufferedAmount;
  }

  /**
   * Sends a message. It leaves, with all else that is sent in this turn of the event loop, as one write.
   * @param data Text, or bytes. These are copied, unless they are the message that the handler was given, if it is large:
   * that leaves from where it is, and must not change after.
   * @param opcode For bytes: {@linkcode Opcode} `Binary` (default), or `Text` where they are UTF-8.
   * @returns Whether it was taken: `false` once the connection is closing, or if the peer reads too slowly (1013).
   */
  send(data: string | Uint8Array, opcode: number = Opcode.Binary): boolean {
    if (this.bufferedAmount > this.#settings.maxBuffered) this.#tooSlow();
    if (typeof data !== "string") {
      return data === this.#payload && this.#sendBack(data, opcode) ||
        this.#machine.send(data, opcode);
    }
    return this.#machine.send(encodeText(data), Opcode.Text);
  }

  /**
   * Sends a frame that was encoded once for many.
   * @param frame As {@linkcode encodeFrame} makes it: a whole message, which must not change any more. It may be
   * compressed where {@linkcode sharedWindowBits} says so.
   * @returns As {@linkcode send}.
   */
  sendFrame(frame: Uint8Array): boolean {
    if (this.bufferedAmount > this.#settings.maxBuffered) this.#tooSlow();
    if (!this.open) return false;
    this.#transport.outbox.bytes(frame);
    return true;
  }

  /** The window in which frames for this peer may be compressed by themselves, 9 to 15; 0 if they may not. */
  get sharedWindowBits(): number {
    return this.#deflate?.serverNoContextTakeover ? this.#deflate.serverMaxWindowBits : 0;
  }

  /** Whether this peer's messages are compressed with the context of those before them, so that no frame is shared. */
  get takeover(): boolean {
    return this.#deflate !== undefined && !this.#deflate.serverNoContextTakeover;
  }

  /** Resolves when no more than `amount` bytes are left to send, or the peer is gone. */
  drained(amount: number): Promise<void> {
    return this.#transport.outbox.drained(amount);
  }

  /** Takes no more messages, for now: what the peer asked for is not done yet. */
  hold(): void {
    this.#held ??= Promise.withResolvers<void>();
  }

  /** Takes messages again. */
  goOn(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /**
   * Begins the closing handshake, behind what was sent before.
   * @param code 1000, 1001, 1003, 1007 to 1014, or 3000 to 4999.
   * @param reason At most 123 bytes of UTF-8; what is longer is cut.
   * @throws {RangeError} If the code must not appear in a close frame.
   */
  close(code: number = CloseCode.Normal, reason = ""): void {
    if (this.open && isAbnormal(code)) this.#because = { code, reason };
    this.#machine.close(code, reason);
    this.#settle();
  }

  /** Ends the connection at once. */
  drop(): void {
    this.#machine.lost();
    this.#settle();
    this.#transport.drop();
  }

  /** Runs the connection to its end. Never rejects for what the peer or the handler does. */
  async run(): Promise<void> {
    this.#guard(() => this.#handler.open?.(this));
    const { outbox, input } = this.#transport;
    // The head may have needed more than frames will.
    input.rest();
    try {
      do {
        this.#aliveBy = Infinity;
        this.#receive();
        outbox.flush();
        if (this.#machine.busy || this.full()) await this.#catchUp();
      } while (await this.#transport.read() > 0);
    } catch (error) {
      if (!isGone(error)) this.#fault(error);
    }
    // Whatever comes from the peer, and however it left, ends here.
    this.#machine.lost();
    this.#settle();
    await outbox.drained();
  }

  /** @inheritDoc */
  message(payload: Uint8Array, opcode: number): void {
    this.#payload = payload;
    this.#handler.message?.(this, payload, opcode);
    this.#payload = undefined;
  }

  /** @inheritDoc */
  ping(): void {
    this.#handler.ping?.(this);
  }

  /** @inheritDoc */
  full(): boolean {
    return this.#held !== undefined || this.#transport.outbox.bufferedAmount > PAUSE;
  }

  /** @inheritDoc */
  tick(now: number): void {
    const { outbox } = this.#transport;
    const { pingInterval, pingTimeout, writeTimeout } = this.#settings;
    if (outbox.bufferedAmount > 0 && now - outbox.progressAt > writeTimeout) this.#tooSlow();
    else if (now >= this.#closeBy) this.drop();
    else if (now >= this.#messageBy && !this.#paused) {
      this.#fail(CloseCode.Policy, "message took too long");
    } else if (now >= this.#aliveBy && now - this.#transport.readingSince >= pingTimeout) {
      // An answer that we had not begun to read, or only just, is not missing.
      this.drop();
    } else if (now >= this.#pingAt) {
      this.#pingAt = now + pingInterval;
      this.#aliveBy = Math.min(this.#aliveBy, now + pingTimeout);
      this.#machine.ping(nothing);
    }
    if (this.open) this.#guard(() => this.#handler.tick?.(this, now));
  }

  /** Takes the rest of what has arrived, no faster than the replies to it leave. */
  async #catchUp(): Promise<void> {
    do {
      // A large message is inflated step by step; between two of them everybody else has a turn.
      if (this.#machine.busy) await nextTurn();
      else await this.#pause();
      this.#receive();
      this.#transport.outbox.flush();
    } while (this.#machine.busy || this.full());
  }

  async #pause(): Promise<void> {
    this.#paused = true;
    await (this.#held?.promise ?? this.#transport.outbox.drained(PAUSE));
    this.#paused = false;
    // Nothing was read meanwhile, so the peer's time begins anew; that it took bytes is a sign of life.
    this.#aliveBy = this.#messageBy = Infinity;
  }

  #receive(): void {
    const machine = this.#machine;
    this.#guard(() => machine.receive(this.#transport.input));
    if (!machine.unfinished) this.#messageBy = Infinity;
    else if (this.#messageBy === Infinity || machine.messages !== this.#messages) {
      this.#messageBy = this.#transport.now + this.#settings.messageTimeout;
    }
    this.#messages = machine.messages;
    this.#settle();
  }

  /**
   * Sends a large message from where it has arrived, with its new header over the end of the old one, which was longer.
   * Returns whether that is worth it: most of the buffer is the message.
   */
  #sendBack(payload: Uint8Array, opcode: number): boolean {
    const { input, outbox } = this.#transport;
    const { length } = payload;
    if (length < LARGE || length < input.length || length * 4 < input.bytes.length) return false;
    if (payload.buffer !== input.bytes.buffer || this.#deflate !== undefined || !this.open) {
      return false;
    }
    const to = payload.byteOffset + length, from = payload.byteOffset - headerSize(length);
    const buffer = input.release();
    writeHeader(buffer, from, FIN | opcode, length);
    outbox.lent(buffer.subarray(from, to), buffer);
    return true;
  }

  /** Calls what may throw for a reason of its own. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#fault(error);
      this.#fail(CloseCode.InternalError, "internal error");
    }
  }

  #fail(code: number, reason: string): void {
    this.#machine.fail(code, reason);
    this.#settle();
  }

  /** The queue will not shrink: it makes room for the one frame that says so. */
  #tooSlow(): void {
    this.#transport.outbox.discard();
    this.#fail(CloseCode.TryAgainLater, "reading too slowly");
  }

  /** Does what the protocol's state asks for. */
  #settle(): void {
    const { state, ending } = this.#machine;
    if (state === "closing" && this.#closeBy === Infinity) {
      this.#closeBy = this.#transport.now + this.#settings.closeTimeout;
    }
    if (state !== "closed" || this.#ended) return;
    this.#ended = true;
    this.goOn();
    // 7.1.1: the server ends TCP; it "SHOULD ... first" so that it, not the client, holds TIME_WAIT.
    this.#transport.leave(this.#settings.closeTimeout).catch(this.#fault);
    const because = this.#because ?? ending!;
    if (isAbnormal(because.code)) this.#watch.ended?.(this.peer, because);
    this.#guard(() => this.#handler.close?.(this, ending!));
  }
}

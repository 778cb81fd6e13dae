/**
 * One WebSocket connection: protocol, buffers and deadlines put together.
 * @module
 */
import { CloseCode, type CloseReason, isAbnormal } from "../websocket/close.ts";
import { PermessageDeflate } from "../websocket/deflate.ts";
import type { ProtocolEvents } from "../websocket/events.ts";
import { Opcode } from "../websocket/frame.ts";
import type { Accepted } from "../websocket/handshake.ts";
import type { DeflateParameters } from "../websocket/negotiate.ts";
import { Protocol } from "../websocket/protocol.ts";
import { encodeText } from "../websocket/utf8.ts";
import type { Kept } from "./backlog.ts";
import { closePlace, Count, type Slow } from "./counts.ts";
import { sendBack } from "./send_back.ts";
import type { ConnectionSettings } from "./settings.ts";
import type { SocketHandler } from "./socket_handler.ts";
import { isGone, type Owner, type Peer, type Transport } from "./transport.ts";
import { nextTurn } from "./turn.ts";
import type { Watch } from "./watch.ts";

/** Own replies that may wait before reading stops until they have left, in bytes. */
const PAUSE = 64 * 1024;

/** The server's side of one WebSocket. */
export class Socket implements ProtocolEvents, Owner {
  /** The subprotocol that was chosen; empty where none was. */
  readonly protocol: string;
  /** What may wait when another message is sent, in bytes: with more, this ends with 1013. */
  maxBuffered: number;
  /** What is kept for later, besides what waits. */
  readonly kept: Kept;
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
  /** Messages sent, and of those that have come how many are counted. */
  #sent = 0;
  #counted = 0;

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
    this.maxBuffered = settings.maxBuffered;
    this.kept = transport.kept;
    this.#fault = fault;
    this.#watch = watch;
    this.#pingAt = transport.now + settings.pingInterval;
    transport.owner = this;
  }

  /** Who is at the other end; behind a proxy that is believed, who is behind it. */
  get peer(): Peer {
    return this.#transport.client;
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
   * @param data Text, or bytes: copied, but for the message that the handler was given, if large: it must not change after.
   * @param opcode For bytes: {@linkcode Opcode} `Binary` (default), or `Text` where they are UTF-8.
   * @param compress Whether to compress it, where that was agreed on. Default: from some size on.
   * @returns Whether it was taken: `false` once the connection is closing, or if the peer reads too slowly (1013).
   */
  send(data: string | Uint8Array, opcode: number = Opcode.Binary, compress?: boolean): boolean {
    if (this.bufferedAmount > this.maxBuffered) this.#tooSlow(0);
    const taken = typeof data === "string"
      ? this.#machine.send(encodeText(data), Opcode.Text, compress)
      : data === this.#payload && this.open && this.#deflate === undefined &&
          sendBack(this.#transport, data, opcode) || this.#machine.send(data, opcode, compress);
    if (taken) this.#sent++;
    return taken;
  }

  /**
   * Sends a frame that was encoded once for many, as {@linkcode encodeFrame} makes it: a whole message.
   * @param frame It must not change any more. It may be compressed where {@linkcode sharedWindowBits} says so.
   * @param rest What of it comes behind that, if it is in two parts.
   * @returns As {@linkcode send}.
   */
  sendFrame(frame: Uint8Array, rest?: Uint8Array): boolean {
    if (this.bufferedAmount > this.maxBuffered) this.#tooSlow(0);
    if (!this.open) return false;
    this.#sent++;
    this.#transport.outbox.bytes(frame);
    if (rest !== undefined) this.#transport.outbox.bytes(rest);
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

  /** Closes it behind all that it is owed, since the server is shutting down. */
  goAway(): void {
    this.#guard(() => this.#handler.flush?.(this));
    this.close(CloseCode.GoingAway, "shutting down");
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
    // The head may have needed more than frames will; but what is being read comes to where it began.
    if (this.#transport.readingSince === Infinity) input.rest();
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
    this.#count();
    if (outbox.bufferedAmount > 0 && now - outbox.progressAt > writeTimeout) this.#tooSlow(1);
    else if (now >= this.#closeBy) this.drop();
    else if (now >= this.#messageBy && !this.#paused) {
      this.#fail(CloseCode.Policy, "message took too long");
    } else if (now >= this.#aliveBy && now - this.#transport.readingSince >= pingTimeout) {
      // An answer that we had not begun to read, or only just, is not missing.
      this.drop();
    } else if (now >= this.#pingAt) {
      this.#pingAt = now + pingInterval;
      this.#aliveBy = Math.min(this.#aliveBy, now + pingTimeout);
      this.#machine.ping(new Uint8Array(0));
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

  #count(): void {
    const { counts } = this.#transport, { messages } = this.#machine;
    counts[Count.messagesIn]! += messages - this.#counted;
    counts[Count.messagesOut]! += this.#sent;
    this.#counted = messages;
    this.#sent = 0;
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

  /** @inheritDoc */
  overflow(): void {
    this.#tooSlow(2);
  }

  /** The queue will not shrink: it makes room for the one frame that says so. */
  #tooSlow(limit: Slow): void {
    if (this.open) this.#transport.counts[Count.slow + limit]!++;
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
    this.#count();
    const because = this.#because ?? ending!;
    this.#transport.counts[closePlace(because.code)]!++;
    if (isAbnormal(because.code)) this.#watch.ended?.(this.peer, because);
    this.#guard(() => this.#handler.close?.(this, ending!));
  }
}

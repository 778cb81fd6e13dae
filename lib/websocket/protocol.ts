/**
 * The state machine of one connection (RFC 6455, sections 5 to 7), server side. Bytes in, events and
 * frames out: it reads no socket, keeps no timer and awaits nothing.
 * @module
 */
import { CloseCode, decodeClose, encodeClose, ProtocolError } from "./close.ts";
import { type Inflater, type PermessageDeflate, STEP } from "./deflate.ts";
import type { Ending, FrameWriter, ProtocolEvents, Received } from "./events.ts";
import { FIN, FrameHeader, Opcode, readHeader, RSV1 } from "./frame.ts";
import { invalidText, MessageAssembler, type MessageLimits } from "./message.ts";
import { type Change, next, type State } from "./state.ts";
import { rotateKey, unmaskPayload } from "./unmask.ts";
import { isUtf8 } from "./utf8.ts";

/** What one step of inflating counts for at least, however little goes in and comes out, in bytes. */
const LEAST_STEP = 1024;

/** One WebSocket connection, after its handshake. */
export class Protocol {
  /** Where it stands. In `closing` this side has sent its close frame; in `closed` nothing is sent or received any more. */
  state: State = "open";
  /** How it ended, once `closed`: the peer's code, or the one this side failed it with. */
  ending: Ending | undefined;
  /** How many messages have been received. */
  messages = 0;
  readonly #writer: FrameWriter;
  readonly #events: ProtocolEvents;
  readonly #header = new FrameHeader();
  readonly #assembler: MessageAssembler;
  /** Whether `#header` holds the header of a frame whose payload has not all arrived. */
  #inFrame = false;
  /** How much of that payload is unmasked and validated, in bytes. */
  #done = 0;
  /** Whether the last call of `receive` left the beginning of a frame behind. */
  #partial = false;
  readonly #deflate: PermessageDeflate | undefined;
  readonly #maxMessage: number;
  /** What inflates the message at hand, while it is not done. */
  #inflater: Inflater | undefined;
  /** How much of that message has been validated, in bytes. */
  #validated = 0;
  /** How much the inflating of the last call of `receive` took in and gave out, in bytes. */
  #worked = 0;

  /**
   * @param writer Where its frames go.
   * @param events Who is told.
   * @param limits What a message may be at most.
   * @param deflate The extension, where it was agreed on.
   */
  constructor(
    writer: FrameWriter,
    events: ProtocolEvents,
    limits: MessageLimits,
    deflate?: PermessageDeflate,
  ) {
    this.#writer = writer;
    this.#events = events;
    this.#deflate = deflate;
    this.#maxMessage = limits.maxMessage;
    this.#assembler = new MessageAssembler(limits);
  }

  /** Whether a frame or a message was begun and not ended. */
  get unfinished(): boolean {
    return this.state !== "closed" &&
      (this.#partial || this.#assembler.opcode !== 0);
  }

  /**
   * Whether there is more to inflate than was for one call, be it one large message or many small ones. What has arrived
   * behind it waits: call {@linkcode receive} again, with nothing added, as soon as others have had their turn.
   */
  get busy(): boolean {
    return this.state !== "closed" && (this.#inflater !== undefined || this.#worked >= STEP);
  }

  /**
   * Takes what has arrived: every whole frame is consumed, the rest stays and must be there, as it is, at the next call.
   * What breaks a rule ends the connection with the code that names it, after the replies already owed.
   */
  receive(input: Received): void {
    this.#worked = 0;
    try {
      if (this.#inflater !== undefined) this.#inflate(this.#inflater);
      while (this.state !== "closed" && !this.busy && !this.#events.full?.() && this.#frame(input));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(error.code, error.message);
    }
    // 7.1.7: after failing, an endpoint "MUST NOT continue to attempt to process data".
    if (this.state === "closed") input.start = input.end;
    this.#partial = input.start < input.end;
  }

  /**
   * Sends a message.
   * @param payload Valid UTF-8 where it is text.
   * @param opcode {@linkcode Opcode} `Text` or `Binary`.
   * @param compress Whether to compress it, where that was agreed on. Default: from some size on.
   * @returns Whether the connection was open to take it.
   */
  send(payload: Uint8Array, opcode: number, compress?: boolean): boolean {
    if (this.state !== "open") return false;
    const deflated = this.#deflate?.deflate(payload, compress);
    if (deflated === undefined) this.#writer.frame(FIN | opcode, payload);
    else this.#writer.frame(FIN | RSV1 | opcode, deflated);
    return true;
  }

  /**
   * Asks whether the peer is there (RFC 6455, 5.5.2).
   * @param payload At most 125 bytes.
   */
  ping(payload: Uint8Array): void {
    if (this.state === "open") this.#writer.frame(FIN | Opcode.Ping, payload);
  }

  /**
   * Begins the closing handshake (RFC 6455, 7.1.2). Nothing is sent after it.
   * @param code The close code.
   * @param reason At most 123 bytes of UTF-8; what is longer is cut.
   * @throws {RangeError} If the code must not appear in a close frame.
   */
  close(code: number = CloseCode.Normal, reason = ""): void {
    if (this.state !== "open") return;
    this.#writer.frame(FIN | Opcode.Close, encodeClose(code, reason));
    this.#change("close sent");
  }

  /** Fails the connection (RFC 6455, 7.1.7): says why, once, and neither sends nor receives anything after. */
  fail(code: number, reason: string): void {
    if (this.state === "closed") return;
    if (this.state === "open") {
      this.#writer.frame(FIN | Opcode.Close, encodeClose(code, reason));
    }
    this.ending = { code, reason, clean: false };
    this.#change("failed");
  }

  /** Notes that TCP ended, with or without the closing handshake. */
  lost(): void {
    if (this.state === "closed") return;
    // 7.1.5: without a close frame received, "_The WebSocket Connection Close Code_ is considered to be 1006".
    this.ending = { code: CloseCode.Abnormal, reason: "", clean: false };
    this.#change("lost");
  }

  #change(change: Change): void {
    this.state = next[this.state][change];
    if (this.state !== "closed") return;
    this.#assembler.dispose();
    if (this.#inflater !== undefined) this.#deflate!.returnInflater(this.#inflater);
    this.#inflater = undefined;
  }

  /** Takes one frame, or as much of it as is there. Returns whether it was whole. */
  #frame(input: Received): boolean {
    const header = this.#header;
    const { bytes } = input;
    if (!this.#inFrame) {
      if (!readHeader(bytes, input.start, input.end, this.#deflate !== undefined, header)) {
        return false;
      }
      if (this.#isWhole(input)) {
        this.#whole(input);
        return true;
      }
      if (header.opcode < 8) this.#assembler.begin(header);
      this.#inFrame = true;
      this.#done = 0;
    }
    const payload = input.start + header.size;
    const from = payload + this.#done;
    const to = Math.min(input.end, payload + header.length);
    const key = this.#done === 0 ? header.key : rotateKey(header.key, this.#done);
    const ascii = unmaskPayload(bytes, input.words, from, to, key);
    if (header.opcode < 8 && !this.#assembler.compressed) {
      this.#assembler.validate(bytes, from, to, ascii);
    }
    this.#done = to - payload;
    if (this.#done < header.length) {
      input.wanted = header.size + header.length;
      return false;
    }

    this.#inFrame = false;
    input.start = to;
    const whole = bytes.subarray(payload, to);
    if (header.opcode < 8) this.#data(whole);
    else this.#control(whole);
    return true;
  }

  /** Whether the frame that begins is a message by itself, not compressed, and all of it is there. */
  #isWhole({ start, end }: Received): boolean {
    const { fin, rsv1, opcode, size, length } = this.#header;
    return fin && !rsv1 && (opcode === Opcode.Text || opcode === Opcode.Binary) &&
      this.#assembler.opcode === 0 && length <= this.#maxMessage && start + size + length <= end;
  }

  /** Takes such a frame: what {@linkcode #frame} does with any other, in one go. */
  #whole(input: Received): void {
    const { opcode, size, length, key } = this.#header;
    const { bytes } = input;
    const from = input.start + size, to = from + length;
    const ascii = unmaskPayload(bytes, input.words, from, to, key);
    if (!ascii && opcode === Opcode.Text && !isUtf8(bytes, from, to)) invalidText();
    input.start = to;
    this.messages++;
    if (this.state === "open") this.#events.message(bytes.subarray(from, to), opcode);
  }

  #data(payload: Uint8Array): void {
    const message = this.#assembler.finish(this.#header, payload);
    if (message === undefined) return;
    if (!this.#assembler.compressed) return this.#message(message);
    const inflater = this.#deflate!.takeInflater();
    inflater.begin(message, this.#maxMessage);
    this.#inflater = inflater;
    this.#validated = 0;
    this.#inflate(inflater);
  }

  /** Takes one step of inflating the message at hand. */
  #inflate(inflater: Inflater): void {
    const before = inflater.worked;
    const done = inflater.step();
    this.#worked += Math.max(LEAST_STEP, inflater.worked - before);
    const { message } = inflater;
    this.#assembler.validate(message, this.#validated, message.length, false);
    this.#validated = message.length;
    if (!done) return;
    // It stays until its handler returns, also if that ends the connection.
    this.#inflater = undefined;
    try {
      this.#message(message);
    } finally {
      this.#deflate!.returnInflater(inflater);
    }
  }

  #message(message: Uint8Array): void {
    this.#assembler.complete();
    this.messages++;
    try {
      // 7.1.2: after its close frame this side has nothing more to say, and drops what it would have to answer.
      if (this.state === "open") this.#events.message(message, this.#assembler.opcode);
    } finally {
      this.#assembler.end();
    }
  }

  #control(payload: Uint8Array): void {
    const { opcode } = this.#header;
    if (opcode === Opcode.Ping) {
      // 5.5.2: "an endpoint MUST send a Pong frame in response, unless it already received a Close frame";
      // 5.5.1: after its own close frame it "MUST NOT send any more data frames", and a pong would say nothing.
      if (this.state !== "open") return;
      this.#writer.frame(FIN | Opcode.Pong, payload);
      this.#events.ping?.(payload);
    } else if (opcode === Opcode.Pong) {
      this.#events.pong?.(payload);
    } else {
      this.#closeReceived(payload);
    }
  }

  #closeReceived(payload: Uint8Array): void {
    const reason = decodeClose(payload);
    // 5.5.1: "If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint
    // MUST send a Close frame in response", "typically" with the code it received.
    if (this.state === "open") {
      const code = reason.code === CloseCode.NoStatus ? undefined : reason.code;
      this.#writer.frame(FIN | Opcode.Close, encodeClose(code));
    }
    this.ending = { ...reason, clean: true };
    this.#change("close received");
  }
}

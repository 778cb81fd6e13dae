/**
 * From fragments to messages (RFC 6455, 5.4): order, limits, UTF-8.
 * @module
 */
import { CloseCode, ProtocolError } from "./close.ts";
import { type FrameHeader, Opcode } from "./frame.ts";
import { lendBuffer, returnBuffer } from "./pool.ts";
import { Utf8Validator } from "./utf8.ts";

/** The limits of one message. */
export interface MessageLimits {
  /** Largest message, all fragments together, in bytes. Larger: 1009. */
  maxMessage: number;
  /** Most fragments of one message. More: 1008. */
  maxFragments: number;
}

/** Assembles the data frames of one connection into messages. */
export class MessageAssembler {
  /** Opcode of the message under way: {@linkcode Opcode} `Text` or `Binary`; 0 between messages. */
  opcode = 0;
  /** Whether it is compressed (RFC 7692, 6): its UTF-8 and its real size show only when it is inflated. */
  compressed = false;
  readonly #limits: MessageLimits;
  readonly #utf8 = new Utf8Validator();
  #fragments = 0;
  /** The fragments before the present one; `undefined` while there is only one, which is never copied. */
  #gathered: Uint8Array<ArrayBuffer> | undefined;
  /** What {@linkcode finish} returned a view of: it stays until {@linkcode end}, whatever the handler does. */
  #finished: Uint8Array<ArrayBuffer> | undefined;
  #size = 0;

  /** @param limits What a message may be at most. */
  constructor(limits: MessageLimits) {
    this.#limits = limits;
  }

  /**
   * Takes the header of a data frame, before any of its payload.
   * @throws {ProtocolError} 1002 if out of order, 1008 if one fragment too many, 1009 if too big.
   */
  begin(header: FrameHeader): void {
    if (header.opcode === Opcode.Continuation) {
      // 5.4: a continuation belongs to a message that was begun.
      if (this.opcode === 0) {
        throw new ProtocolError(
          CloseCode.ProtocolError,
          "continuation of nothing",
        );
      }
    } else {
      // 5.4: "The fragments of one message MUST NOT be interleaved between the fragments of another message".
      if (this.opcode !== 0) {
        throw new ProtocolError(
          CloseCode.ProtocolError,
          "message within a message",
        );
      }
      this.opcode = header.opcode;
      this.compressed = header.rsv1;
      this.#fragments = this.#size = 0;
      this.#utf8.reset();
    }
    if (++this.#fragments > this.#limits.maxFragments) {
      throw new ProtocolError(CloseCode.Policy, "too many fragments");
    }
    // What does not compress grows a little: less than this even if it is sent byte by byte.
    const { maxMessage } = this.#limits;
    const most = this.compressed ? maxMessage + (maxMessage >> 6) + 64 : maxMessage;
    if (this.#size + header.length > most) {
      throw new ProtocolError(CloseCode.TooBig, "message is too big");
    }
  }

  /**
   * Takes payload as it arrives, so that bad UTF-8 fails at its first byte, also inside a frame.
   * @param bytes Where the unmasked payload is.
   * @param from Index of its first byte that was not shown before.
   * @param to Index after its last.
   * @param ascii Whether all of them are known to be below 0x80.
   * @throws {ProtocolError} 1007 at the first byte that makes a text invalid.
   */
  validate(bytes: Uint8Array, from: number, to: number, ascii: boolean): void {
    if (this.opcode !== Opcode.Text || ascii && this.#utf8.complete) return;
    if (!this.#utf8.push(bytes, from, to)) invalidText();
  }

  /**
   * Takes a data frame whose payload is there whole.
   * @returns The message, if this was its last fragment: valid until {@linkcode end}.
   * @throws {ProtocolError} 1007 if a text ends within a character.
   */
  finish(header: FrameHeader, payload: Uint8Array): Uint8Array | undefined {
    if (header.fin && this.opcode === Opcode.Text && !this.#utf8.complete) {
      invalidText();
    }
    if (header.fin && this.#gathered === undefined) return payload;
    this.#gather(payload);
    if (!header.fin) return undefined;
    this.#finished = this.#gathered;
    this.#gathered = undefined;
    return this.#finished!.subarray(0, this.#size);
  }

  /**
   * Checks that a text is whole, once all of it was validated.
   * @throws {ProtocolError} 1007 if it ends within a character.
   */
  complete(): void {
    if (this.opcode === Opcode.Text && !this.#utf8.complete) invalidText();
  }

  /** Forgets the message that {@linkcode finish} returned. */
  end(): void {
    this.opcode = 0;
    if (this.#finished !== undefined) returnBuffer(this.#finished);
    this.#finished = undefined;
  }

  /** Gives back what was gathered of an unfinished message. */
  dispose(): void {
    if (this.#gathered !== undefined) returnBuffer(this.#gathered);
    this.#gathered = undefined;
  }

  #gather(payload: Uint8Array): void {
    const size = this.#size + payload.length;
    const old = this.#gathered;
    if (old === undefined || old.length < size) {
      // Twice as much each time, or copying would cost the square of the message.
      this.#gathered = lendBuffer(Math.max(size, (old?.length ?? 0) * 2));
      if (old !== undefined) {
        this.#gathered.set(old.subarray(0, this.#size));
        returnBuffer(old);
      }
    }
    this.#gathered!.set(payload, this.#size);
    this.#size = size;
  }
}

/** Ends the connection of a text that is not UTF-8. */
export function invalidText(): never {
  // 8.1: "the endpoint MUST _Fail the WebSocket Connection_"; 7.4.1 names the code.
  throw new ProtocolError(CloseCode.InvalidData, "text is not UTF-8");
}

/**
 * Messages, and the forms in which they leave: each is made when first needed and shared by all who need it.
 * @module
 */
import { encodeBase64 } from "@std/encoding/base64";
import { type Cursor, formatCursor } from "./cursor.ts";

/** What a message was published as. */
export type Kind =
  /** `application/json`: shown as the value it is. */
  | "json"
  /** Any other text. */
  | "text"
  /** Bytes. */
  | "binary";

/** What somebody publishes. */
export interface Draft {
  /** Where to. */
  channel: string;
  /** What it is. */
  kind: Kind;
  /** Its bytes: valid UTF-8 but for `binary`, valid JSON for `json`. Nobody changes them any more. */
  body: Uint8Array;
  /** Who publishes, of all connections that are told: one that is named the same is not. */
  sender?: string | undefined;
}

/** What a message counts besides its body wherever it waits for somebody, in bytes: many small ones are much, too. */
export const EACH = 512;

/** What a message counts wherever it waits for somebody, in bytes. */
export function weight({ body }: Pick<Draft, "body">): number {
  return body.length + EACH;
}

/** One way of encoding messages; `slot` is its place among the forms that a message keeps. */
export interface Form {
  /** A small number of its own. */
  readonly slot: number;
  /** Encodes a message. */
  encode(message: Message): Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A message that has its place in the sequence. */
export class Message implements Draft {
  /** Where it was published. */
  readonly channel: string;
  /** What it is. */
  readonly kind: Kind;
  /** Its bytes. */
  readonly body: Uint8Array;
  /** Who published it, where that was said: a connection that is named the same is not told. */
  readonly sender: string | undefined;
  /** Names the life of the engine's memory that it belongs to. */
  readonly epoch: string;
  /** The number of its place. */
  readonly seq: number;
  /** When it was published, in ms on the engine's clock. */
  readonly time: number;
  #forms: Uint8Array[] | undefined;

  /**
   * Makes one.
   * @param draft What was published.
   * @param place Its place.
   * @param time When, in ms on the engine's clock.
   */
  constructor({ channel, kind, body, sender }: Draft, { epoch, seq }: Cursor, time: number) {
    this.channel = channel;
    this.kind = kind;
    this.body = body;
    this.sender = sender;
    this.epoch = epoch;
    this.seq = seq;
    this.time = time;
  }

  /** Its id, `epoch.seq`. */
  get id(): string {
    return formatCursor(this);
  }

  /** The message in a form; it is kept until {@linkcode forget}. */
  as(form: Form): Uint8Array {
    this.#forms ??= [];
    return this.#forms[form.slot] ??= form.encode(this);
  }

  /** Lets go of all forms: what is remembered is remembered once. */
  forget(): void {
    this.#forms = undefined;
  }

  /**
   * The message as JSON: id, channel, and `data` or `base64`. One line.
   * @param skipped How many were left out before it on its channel; said where there were any.
   */
  toJSONText(skipped = 0): string {
    const left = skipped > 0 ? `"skipped":${skipped},` : "";
    const head = `{"id":"${this.id}","ch":"${this.channel}",${left}`;
    if (this.kind === "binary") return `${head}"base64":"${encodeBase64(this.body)}"}`;
    const text = decoder.decode(this.body);
    // Within JSON a line break is white space: a space keeps every number as it was written.
    if (this.kind === "json") return `${head}"data":${text.replace(/[\r\n]/g, " ")}}`;
    return `${head}"data":${JSON.stringify(text)}}`;
  }
}

/** The message as JSON, in UTF-8. */
export const envelope: Form = {
  slot: 0,
  encode: (message) => encoder.encode(message.toJSONText()),
};

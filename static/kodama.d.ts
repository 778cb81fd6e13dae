/**
 * Subscribes to channels: comes back when it is cut off, and goes on where it was.
 * @module
 */

/** A message. */
export interface Message {
  /** Its id, which is a cursor: everything after it can be asked for. */
  id: string;
  /** Where it was published. */
  channel: string;
  /** A JSON value, a text, or for binary a `Uint8Array`. */
  data: unknown;
  /** With `?slow=latest`: how many before it on its channel were left out, where some were. */
  skipped?: number;
}

/** Why nobody can say that nothing was missed on a channel. */
export type Loss =
  /** The server's memory is another than that of the cursor. */
  | "epoch"
  /** Something after the cursor is no longer kept. */
  | "expired"
  /** The cursor is of the future. */
  | "unknown";

/** How the connection is. */
export interface State {
  /** `waiting` is cut off, with an attempt to come; `closed` is for good. */
  name: "connecting" | "open" | "waiting" | "closed";
  /** `waiting`, `closed`: the close code, where there was one. */
  code?: number | undefined;
  /** `waiting`, `closed`: the reason that came with it, or with `status`. */
  reason?: string | undefined;
  /** `waiting`, `closed`: the HTTP status, where the server refused the connection and let this origin know. */
  status?: number | undefined;
  /** `waiting`: what was thrown, by `token` for instance. */
  error?: unknown;
  /** `waiting`: until the next attempt, in ms. */
  delay?: number | undefined;
}

/** What {@linkcode subscribe} is told. */
export interface SubscribeOptions {
  /**
   * From where on: an id (everything after it), `all`, an age such as `30s`, `10m`, `2h`, or of each channel the newest message
   * (`last`) or so many (`-10`). Default: now.
   */
  since?: string | null | undefined;
  /**
   * Says who you are; a function is asked anew for each connection, and while one is open for a token that follows the one that
   * ends in less than 90 s.
   */
  token?:
    | string
    | undefined
    | (() => string | undefined | Promise<string | undefined>);
  /**
   * Told who is there on a channel: at first, after each connection that is made again, and whenever that changes.
   * @param members All who are there, with the claim `info` of each by its `sub`; the same map until the next connection.
   * @param channel The channel.
   */
  presence?: ((members: ReadonlyMap<string, unknown>, channel: string) => void) | undefined;
  /**
   * Told of each message, once and in order.
   * @param message The message.
   * @param envelope The JSON text it came in, with every number as it was published.
   */
  onmessage?: ((message: Message, envelope: string) => void) | undefined;
  /** Told, before what is still remembered, on which channels something may be missing, and why. */
  ongap?: ((lost: Record<string, Loss>) => void) | undefined;
  /** Told how the connection is, whenever that changes. */
  onstate?: ((state: State) => void) | undefined;
}

/** A subscription. */
export interface Subscription {
  /** Ends it; nothing but the state `closed` is told after this. */
  close(): void;
  /** Everything up to here has been told: `since` for the next time. */
  readonly cursor: string | undefined;
}

/**
 * Subscribes to one or more channels. A connection that ends is made again after a time drawn at random below a
 * ceiling, which doubles from half a second to 30 s, and at once when the network is back. Close codes 1003, 1007,
 * 1008 and from 4000 on end the subscription, but for a token that has expired while `token` is a function. So does a
 * refusal, an HTTP status from 400 to 499 other than 408 and 429.
 * @param url `/btc`, `/btc,eth`, or absolute: http, https, ws or wss.
 * @throws {TypeError} If it is no such URL.
 */
export function subscribe(url: string | URL, options?: SubscribeOptions): Subscription;

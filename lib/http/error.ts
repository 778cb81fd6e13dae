/**
 * The error that becomes an HTTP answer.
 * @module
 */

/** Why requests are refused, in words for whoever counts them. */
export const reasons = [
  /** 400, and what else is not HTTP as it is spoken here. */
  "malformed",
  /** 411, 413, 414, 431: too large, or of no length. */
  "size",
  /** 408. */
  "slow",
  /** 401: no token, or a bad one. */
  "token",
  /** 403: a good one is not enough, or protected mode. */
  "forbidden",
  /** 403: a page of an origin that is not allowed. */
  "origin",
  /** 421. */
  "host",
  /** 404. */
  "unknown",
  /** 405 and 409: not so, or not now. */
  "method",
  /** 426: a WebSocket, or another version of it, is needed. */
  "upgrade",
  /** 503: too many connections, or no files for them. */
  "full",
  /** 429: too many connections from one address. */
  "address",
  /** 503: shutting down. */
  "draining",
  /** 503: the engine cannot be reached. */
  "engine",
  /** 503: the engine cannot be reached, and may have taken it. */
  "uncertain",
  /** 503: the keys that verify tokens cannot be had. */
  "keys",
  /** 503: the backend that is asked who may do what does not answer. */
  "backend",
  /** 500. */
  "fault",
] as const;

/** One of {@linkcode reasons}. */
export type Reason = typeof reasons[number];

/** What a status says by itself. */
const ofStatus: Readonly<Record<number, Reason>> = {
  401: "token",
  403: "forbidden",
  404: "unknown",
  405: "method",
  408: "slow",
  409: "method",
  411: "size",
  413: "size",
  414: "size",
  421: "host",
  426: "upgrade",
  429: "address",
  431: "size",
  500: "fault",
  503: "engine",
};

/** A request that is refused; it carries the answer's status and fields. */
export class HttpError extends Error {
  /** The status of the answer (RFC 9110, 15). */
  readonly status: number;
  /** Further fields of the answer. */
  readonly headers: readonly [name: string, value: string][];
  /** Why, in one of few words. */
  readonly reason: Reason;
  /** What is answered in place of the message, where its fields say what it is. */
  readonly body: Uint8Array | undefined;

  /**
   * @param status 400 to 599.
   * @param message Why, in one line: the answer's body. It holds nothing secret.
   * @param headers Fields that the status asks for.
   * @param reason Where the status alone does not say it.
   * @param body What is answered in place of the message; its type is among the fields.
   */
  constructor(
    status: number,
    message: string,
    headers: readonly [name: string, value: string][] = [],
    reason: Reason = ofStatus[status] ?? "malformed",
    body?: Uint8Array,
  ) {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.headers = headers;
    this.reason = reason;
    this.body = body;
  }
}

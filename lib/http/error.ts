/**
 * The error that becomes an HTTP answer.
 * @module
 */

/** A request that is refused; it carries the answer's status and fields. */
export class HttpError extends Error {
  /** The status of the answer (RFC 9110, 15). */
  readonly status: number;
  /** Further fields of the answer. */
  readonly headers: readonly [name: string, value: string][];

  /**
   * @param status 400 to 599.
   * @param message Why, in one line: the answer's body. It holds nothing secret.
   * @param headers Fields that the status asks for.
   */
  constructor(
    status: number,
    message: string,
    headers: readonly [name: string, value: string][] = [],
  ) {
    super(message);
    this.name = "HttpError";
    this.status = status;
    this.headers = headers;
  }
}

/**
 * Request heads (RFC 9112, 2 to 5), strictly: what is ambiguous is refused, since two readers of one
 * request that disagree about it are how requests are smuggled.
 * @module
 */
import { Buffer } from "node:buffer";
import { HttpError } from "./error.ts";

/** Longest request line or header line, in bytes without its end. */
export const MAX_LINE = 8 * 1024;
/** Longest head, in bytes. */
export const MAX_HEAD = 16 * 1024;
/** Most header lines. */
export const MAX_HEADERS = 100;

/** A request head. */
export interface Head {
  /** The method: one of RFC 9110's or `PATCH`. */
  method: string;
  /** The target in origin form, `/path?query`, or `*`; not decoded. */
  target: string;
  /** The version: 1 for HTTP/1.1, 0 for HTTP/1.0. */
  minor: 0 | 1;
  /** The fields by lower-case name; a repeated field's values are joined by `, ` (RFC 9110, 5.3), cookies by `; `. */
  headers: Map<string, string>;
  /** Whether the connection may serve another request after this one (RFC 9112, 9.3). */
  keepAlive: boolean;
}

const CR = 13, LF = 10, HTAB = 9, SP = 32, DEL = 127;
const methods = new Set([
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "OPTIONS",
  "TRACE",
  "PATCH",
]);
const { toString } = Buffer.prototype;
/** RFC 9110, 5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9112, 3: the three words of a request line, one space between them. */
const requestLine = /^([^ ]+) ([^ ]+) HTTP\/(\d)\.(\d)$/;
/** RFC 3986, 3.2.2 and 3.2.3, less what no host of the web is called. */
const authority = /^(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z._-]+)(?::(\d{1,5}))?$/;
/** Visible ASCII but for `#`, the quote and angle brackets, which no client leaves unencoded. */
const targetForm = /^[!$-;=?-~]+$/;

/** A header line, and what it says: the name in lower case. */
interface Field {
  line: string;
  name: string;
  value: string;
}

/** Longest header line that is remembered, in bytes; a token would be longer. */
const SHORT = 64;
/** Fields that are not remembered. */
const secret = new Set(["authorization", "cookie"]);
/** The header lines that came last, by their number: most come again and again, and are not read anew then. */
const lately: Field[] = [];

/** Reads one request head from bytes that arrive in any pieces; each byte is looked at once. */
export class HeadParser {
  #scanned = 0;
  #lineStart = 0;
  #blank = false;
  #lines = 0;
  #head: Head | undefined;
  #target = "";

  /**
   * Looks at what has arrived.
   * @param bytes Where it is.
   * @param start Index of the request's first byte; what was there at the last call is still there.
   * @param end Index after the last byte that has arrived.
   * @returns How many bytes the head took, or 0 while it is incomplete. Then {@linkcode head} has it.
   * @throws {HttpError} 400, 414, 431, 501 or 505 at the first byte that no good head could have.
   */
  parse(bytes: Uint8Array, start: number, end: number): number {
    for (let i = start + this.#scanned; i < end; i++) {
      const byte = bytes[i]!;
      if (i - start >= MAX_HEAD) {
        throw new HttpError(431, `head is over ${MAX_HEAD} bytes`);
      } else if (byte === LF) {
        // 2.2: "a recipient MAY recognize a single LF as a line terminator"; this one does not.
        const from = start + this.#lineStart;
        if (i === from || bytes[i - 1] !== CR) {
          throw new HttpError(400, "line ends without CR");
        }
        this.#lineStart = i + 1 - start;
        if (this.#line(bytes, from, i - 1)) return this.#lineStart;
      } else if (i > start + this.#lineStart && bytes[i - 1] === CR) {
        // 2.2: "A recipient of such a bare CR MUST consider that element to be invalid".
        throw new HttpError(400, "CR within a line");
      } else if (
        byte < SP && byte !== CR && (byte !== HTAB || this.#lines === 0) ||
        byte === DEL
      ) {
        throw new HttpError(400, "control character in the head");
      } else if (i - start - this.#lineStart >= MAX_LINE && byte !== CR) {
        throw this.#tooLong(bytes, start + this.#lineStart, i);
      }
    }
    this.#scanned = end - start;
    return 0;
  }

  /** The head, once {@linkcode parse} has returned its size. */
  get head(): Head {
    return this.#head!;
  }

  /** Whether any byte of a request was seen. */
  get begun(): boolean {
    return this.#scanned > 0;
  }

  #tooLong(bytes: Uint8Array, from: number, to: number): HttpError {
    if (this.#lines > 0) {
      return new HttpError(431, `header line is over ${MAX_LINE} bytes`);
    }
    // RFC 9112, 3: "A server that receives a method longer than any that it implements SHOULD respond with a 501";
    // "a request-target longer than any URI it wishes to parse MUST respond with a 414".
    const space = bytes.subarray(from, to).indexOf(SP);
    return space < 0
      ? new HttpError(501, "method is not known")
      : new HttpError(414, `request line is over ${MAX_LINE} bytes`);
  }

  /** Takes one line without its end. Returns whether it ended the head. */
  #line(bytes: Uint8Array, from: number, to: number): boolean {
    if (to === from) {
      if (this.#head !== undefined) return this.#end(this.#head);
      // 2.2: "a server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line".
      if (this.#blank) {
        throw new HttpError(400, "empty lines before the request");
      }
      this.#blank = true;
      return false;
    }
    if (this.#head === undefined) this.#head = this.#requestLine(latin1(bytes, from, to));
    else this.#field(this.#head, bytes, from, to);
    this.#lines++;
    return false;
  }

  #requestLine(line: string): Head {
    const match = requestLine.exec(line);
    const [, method = "", target = "", major, minor] = match ?? [];
    if (match === null || !token.test(method)) {
      throw new HttpError(400, "request line is malformed");
    }
    if (major !== "1" || minor !== "0" && minor !== "1") {
      throw new HttpError(505, "HTTP/1.1 and HTTP/1.0 are spoken here");
    }
    if (!methods.has(method)) throw new HttpError(501, "method is not known");
    this.#target = target;
    return {
      method,
      target,
      minor: minor === "1" ? 1 : 0,
      headers: new Map(),
      keepAlive: false,
    };
  }

  #field({ headers }: Head, bytes: Uint8Array, from: number, to: number): void {
    if (this.#lines > MAX_HEADERS) {
      throw new HttpError(431, `over ${MAX_HEADERS} header lines`);
    }
    let field = lately[this.#lines];
    if (field === undefined || !isLine(field.line, bytes, from, to)) {
      field = readField(latin1(bytes, from, to));
      if (to - from <= SHORT && !secret.has(field.name)) lately[this.#lines] = field;
    }
    const { name, value } = field;
    const before = headers.get(name);
    if (before === undefined) headers.set(name, value);
    // 3.2: "any request message that contains more than one Host header field line" is answered 400.
    else if (name === "host") throw new HttpError(400, "more than one Host");
    else headers.set(name, before + (name === "cookie" ? "; " : ", ") + value);
  }

  /** The rules that need the whole head. */
  #end(head: Head): true {
    const { headers, minor } = head;
    const host = headers.get("host");
    // 3.2: a 400 for a 1.1 request "that lacks a Host header field" or has an "invalid field value".
    if (host === undefined ? minor === 1 : !isAuthority(host)) {
      throw new HttpError(
        400,
        host === undefined ? "no Host" : "Host is malformed",
      );
    }
    head.target = this.#originForm(head);
    const options = (headers.get("connection") ?? "").toLowerCase().split(",")
      .map((o) => o.trim());
    // 9.3: persistent unless `close`; HTTP/1.0 is served and closed.
    head.keepAlive = minor === 1 && !options.includes("close");
    return true;
  }

  /** 3.2: the target as `/path?query`, whichever form it came in. */
  #originForm(head: Head): string {
    const target = this.#target;
    if (!targetForm.test(target)) {
      throw new HttpError(400, "request target is malformed");
    }
    if (target.startsWith("/")) return target;
    if (target === "*" && head.method === "OPTIONS") return target;
    // 3.2.2: "a server MUST accept the absolute-form in requests", and "MUST ignore the received Host".
    const match = /^https?:\/\/([^/?]*)(.*)$/i.exec(target);
    if (match === null || !isAuthority(match[1]!)) {
      throw new HttpError(400, "request target is malformed");
    }
    head.headers.set("host", match[1]!);
    return match[2]!.startsWith("/") ? match[2]! : "/" + match[2]!;
  }
}

/**
 * Whether a value is a host, with or without a port (RFC 3986, 3.2.2).
 * @param value As in a `Host` field.
 */
export function isAuthority(value: string): boolean {
  const match = value.length <= 262 ? authority.exec(value) : null;
  return match !== null &&
    (match[1] === undefined || Number(match[1]) <= 65535);
}

/** Whether bytes are a line that is known. */
function isLine(line: string, bytes: Uint8Array, from: number, to: number): boolean {
  if (line.length !== to - from) return false;
  for (let i = 0; i < line.length; i++) {
    if (line.charCodeAt(i) !== bytes[from + i]) return false;
  }
  return true;
}

/** Reads a header line. */
function readField(line: string): Field {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  // 5.1: "No whitespace is allowed between the field name and colon"; 5.2: obs-fold begins with white space.
  if (!token.test(name)) throw new HttpError(400, "header line is malformed");
  return { line, name: name.toLowerCase(), value: trim(line, colon + 1) };
}

/** RFC 9110, 5.5: a value "does not include leading or trailing whitespace". */
function trim(line: string, from: number): string {
  let to = line.length;
  while (from < to && isSpace(line.charCodeAt(from))) from++;
  while (to > from && isSpace(line.charCodeAt(to - 1))) to--;
  return line.slice(from, to);
}

function isSpace(code: number): boolean {
  return code === SP || code === HTAB;
}

/** RFC 9110, 5.5: bytes above ASCII are opaque; each becomes one character. */
function latin1(bytes: Uint8Array, from: number, to: number): string {
  return toString.call(bytes, "latin1", from, to);
}

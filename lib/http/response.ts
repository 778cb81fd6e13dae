/**
 * Responses as bytes (RFC 9112, 4).
 * @module
 */

/** An answer to a request. */
export interface Reply {
  /** The status (RFC 9110, 15). */
  status: number;
  /** What the status is called, where that is not what the RFC calls it. */
  phrase?: string | undefined;
  /** The fields; `Content-Length`, `Date` and `Connection` are added. */
  headers?: readonly [name: string, value: string][];
  /** The body; text is sent as UTF-8. */
  body?: string | Uint8Array;
}

/** RFC 9110, 15: the statuses with their phrases; 428, 429, 431 and 511 are RFC 6585's, 451 is RFC 7725's. */
const phrases: Record<number, string> = {
  100: "Continue",
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  202: "Accepted",
  203: "Non-Authoritative Information",
  204: "No Content",
  205: "Reset Content",
  206: "Partial Content",
  300: "Multiple Choices",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  305: "Use Proxy",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  407: "Proxy Authentication Required",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  511: "Network Authentication Required",
};

const encoder = new TextEncoder();
const nothing = new Uint8Array(0);

/** RFC 9110, 5.5: a value holds no CR, LF or NUL; one that does would split the response. */
const fieldValue = /^[\t -~\x80-\xff]*$/;
/** ASCII is its own UTF-8. */
const ascii = /^[\0-\x7f]*$/;
/** Longest text that leaves together with its head, in characters. */
const SHORT = 16 * 1024;

/** A response as it leaves. */
export interface Encoded {
  /** What comes first, one byte a character. */
  text: string;
  /** What comes behind it. */
  bytes: Uint8Array;
}

/**
 * The first line and the fields of a response, up to the empty line, which is included.
 * @throws {TypeError} If a field's value holds a control character.
 */
export function encodeHead(
  status: number,
  headers: readonly [name: string, value: string][],
): string {
  return `${firstLines({ status, headers })}\r\n`;
}

function firstLines({ status, phrase, headers = [] }: Omit<Reply, "body">): string {
  let lines = `HTTP/1.1 ${status} ${phrase ?? phrases[status] ?? "Unknown"}\r\n`;
  for (const [name, value] of headers) {
    if (!fieldValue.test(value)) throw new TypeError(`control character in the field ${name}`);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

/**
 * The head of a response whose body follows as it is made.
 * @param reply Status and fields.
 * @param framing How the body's end is found: its length in bytes, in chunks, or by the end of the connection.
 * @param keepAlive Whether the connection stays open after it.
 * @throws {TypeError} If a field's value holds a control character.
 */
export function encodeStreamHead(
  reply: Omit<Reply, "body">,
  framing: number | "chunked" | "end",
  keepAlive: boolean,
): string {
  let text = `${firstLines(reply)}Date: ${date()}\r\n`;
  if (framing === "chunked") text += "Transfer-Encoding: chunked\r\n";
  else if (framing !== "end") text += `Content-Length: ${framing}\r\n`;
  return text + (keepAlive ? "\r\n" : "Connection: close\r\n\r\n");
}

/**
 * Encodes a response.
 * @param reply What to say.
 * @param request Whether it was a `HEAD`, which gets no body, and whether the connection stays open after it.
 * @throws {TypeError} If a field's value holds a control character.
 */
export function encodeResponse(
  reply: Reply,
  request: { method: string; keepAlive: boolean },
): Encoded {
  const { status, body = nothing } = reply;
  const plain = typeof body === "string" && body.length <= SHORT && ascii.test(body);
  const content = typeof body === "string" && !plain ? encoder.encode(body) : body;
  // RFC 9110, 8.6: no Content-Length "in any response with a status code of 1xx (Informational) or 204".
  const bodiless = status === 204 || status === 304;
  let text = `${firstLines(reply)}Date: ${date()}\r\n`;
  // Nor to HEAD, unless it is the one that GET would get.
  if (!bodiless && (request.method !== "HEAD" || reply.body !== undefined)) {
    text += `Content-Length: ${content.length}\r\n`;
  }
  text += request.keepAlive ? "\r\n" : "Connection: close\r\n\r\n";
  if (bodiless || request.method === "HEAD") return { text, bytes: nothing };
  return typeof content === "string"
    ? { text: text + content, bytes: nothing }
    : { text, bytes: content };
}

/** The last date that was sent, and its second: it is written anew when that is over. */
let said = "", second = NaN;

/** The date, as a field has it (RFC 9110, 6.6.1). */
function date(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) said = new Date((second = now) * 1000).toUTCString();
  return said;
}

/**
 * Encodes a part of a body as one chunk (RFC 9112, 7.1).
 * @param bytes At least one: a chunk of none is the last.
 */
export function encodeChunk(bytes: Uint8Array): Uint8Array {
  const size = encoder.encode(`${bytes.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + bytes.length + 2);
  chunk.set(size);
  chunk.set(bytes, size.length);
  chunk.set([13, 10], size.length + bytes.length);
  return chunk;
}

/** The end of a chunked body, without trailers (RFC 9112, 7.1). */
export const LAST_CHUNK: Uint8Array = encoder.encode("0\r\n\r\n");

/** An answer of one line of plain text, as errors are. */
export function textReply(
  status: number,
  text: string,
  headers: readonly [name: string, value: string][] = [],
): Reply {
  return {
    status,
    headers: [["Content-Type", "text/plain; charset=utf-8"], ...headers],
    body: text + "\n",
  };
}

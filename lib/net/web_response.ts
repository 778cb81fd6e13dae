/**
 * A response as the web knows it (Fetch, 5.5), as an answer of ours: a small body whole, what takes its time as it comes.
 * @module
 */
import type { Reply } from "../http/response.ts";
import type { Streamed } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Source } from "./response_body.ts";

/**
 * Fields that belong to the connection and not to a response (RFC 9110, 7.6.1): how a body is framed and whether the
 * connection goes on is said by whoever sends it, once. So is the date.
 */
const ours = new Set([
  "connection",
  "content-length",
  "date",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
]);
/** RFC 9110, 8.6. */
const decimal = /^\d{1,15}$/;
/** Bodies that are there already give their first part within so many turns of the microtask queue; text within two. */
const SOON = 8;

type Part = ReadableStreamReadResult<Uint8Array>;

/**
 * Makes an answer of what has answered a request.
 * @param response What a program has returned.
 * @param request What it was asked: it is the last on its connection where the response says so.
 * @param fault Told what a body that nobody wants any more could not be cancelled for.
 * @throws {TypeError} If it is no response, or one that cannot be sent.
 */
export async function webAnswer(
  response: unknown,
  request: Exchange,
  fault: (error: unknown) => void,
): Promise<Reply | Streamed> {
  check(response);
  const { status, statusText, body } = response;
  const phrase = statusText === "" ? undefined : statusText;
  const { headers, length, close } = fieldsOf(response);
  if (close) request.keepAlive = false;
  const head = request.method === "HEAD";
  /** Without a body, but with what it says of the one that GET would get. */
  const bodiless = (): Reply => {
    const told = length !== undefined && (head || status === 304);
    if (told) headers.push(["Content-Length", String(length)]);
    return { status, phrase, headers };
  };
  if (body === null) return bodiless();
  if (body.locked) throw new TypeError("the body of the response is being read already");
  const reader = body.getReader();
  const { whole, parts } = await begin(reader);
  if (whole !== undefined) return { status, phrase, headers, body: whole };
  const source = sourceOf(reader, parts, fault);
  if (!head) return { status, phrase, headers, length, source };
  source.cancel(new TypeError("HEAD wants no body"));
  return bodiless();
}

/** Refuses what cannot be sent. */
function check(response: unknown): asserts response is Response {
  if (!(response instanceof Response)) {
    const name = typeof response === "object" && response?.constructor?.name;
    throw new TypeError(`fetch must return a Response, and returned ${name || String(response)}`);
  }
  const { type, status, bodyUsed } = response;
  if (type === "error") throw new TypeError("fetch has returned Response.error()");
  if (status < 200) throw new TypeError(`fetch has returned a Response of status ${status}`);
  if (bodyUsed) throw new TypeError("the body of the response has been read already");
}

/** What a response says, besides its body. */
interface Fields {
  headers: [name: string, value: string][];
  /** The length that it gives, where that is a number. */
  length: number | undefined;
  /** Whether the connection is to end with it. */
  close: boolean;
}

function fieldsOf(response: Response): Fields {
  const fields: Fields = { headers: [], length: undefined, close: false };
  // What `fetch` has given is decoded, and as long as that is.
  const fetched = response.url !== "";
  response.headers.forEach((value, name) => {
    if (name === "content-length") {
      if (!fetched && decimal.test(value)) fields.length = Number(value);
    } else if (name === "connection") {
      fields.close = value.toLowerCase().split(",").some((option) => option.trim() === "close");
    } else if (!ours.has(name) && !(fetched && name === "content-encoding")) {
      fields.headers.push([name, value]);
      // RFC 9110, 7.8: a sender of Upgrade "MUST also send an "Upgrade" connection option".
      if (name === "upgrade") fields.headers.push(["Connection", "Upgrade"]);
    }
  });
  return fields;
}

/**
 * Reads the beginning of a body: all of it, where it is there already in one part; else what has been begun to read.
 * @throws What reading has failed with already.
 */
async function begin(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<{ whole?: Uint8Array; parts: Promise<Part>[] }> {
  const parts = [reader.read(), reader.read()] as const;
  let first: Part | undefined, second: Part | undefined, failed = false;
  const fail = () => failed = true;
  parts[0].then((part) => first = part, fail);
  parts[1].then((part) => second = part, () => {});
  for (let turn = 0; turn < SOON && second === undefined && !failed; turn++) await undefined;
  if (failed) await parts[0];
  if (first?.done === true) return { whole: nothing, parts: [...parts] };
  const whole = second?.done === true && first?.value instanceof Uint8Array;
  return whole ? { whole: first!.value!, parts: [...parts] } : { parts: [...parts] };
}

const nothing = new Uint8Array(0);

/**
 * A body as it comes.
 * @param reader Reads it.
 * @param parts What has been begun to read.
 * @param fault Told what cancelling it failed with.
 */
function sourceOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  parts: Promise<Part>[],
  fault: (error: unknown) => void,
): Source {
  let ended = false;
  return {
    async next() {
      try {
        const { done, value } = await (parts.shift() ?? reader.read());
        ended ||= done;
        if (done) return undefined;
        if (value instanceof Uint8Array) return value;
      } catch (error) {
        ended = true;
        throw error;
      }
      throw new TypeError("a part of a body is no Uint8Array");
    },
    cancel(reason) {
      if (!ended) reader.cancel(reason).catch(fault);
      ended = true;
    },
  };
}

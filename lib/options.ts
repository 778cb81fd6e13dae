/**
 * What a program hands to `serve()` and its handler of requests, checked as plain JavaScript may hand over anything.
 * @module
 */
import type { Reply } from "./http/response.ts";
import type { ListenerSettings } from "./net/listener.ts";
import type { ServeOptions } from "./mod.ts";
import type { DeflateMode } from "./websocket/negotiate.ts";

/** The limits and times; of each, the least that it may be. */
const limits: Record<keyof ListenerSettings, number> = {
  handshakeTimeout: 1,
  bodyTimeout: 1,
  messageTimeout: 1,
  pingInterval: 1,
  pingTimeout: 1,
  closeTimeout: 1,
  writeTimeout: 1,
  maxMessage: 1,
  maxFragments: 1,
  maxBuffered: 1,
  maxConnections: 1,
  deflateThreshold: 0,
};

/** What a value must be, in words, and whether it is. */
type Kind = [what: string, is: (value: unknown) => boolean];
const text: Kind = ["a string", (value) => typeof value === "string"];
const number: Kind = ["a number", (value) => typeof value === "number"];
const texts: Kind = ["a list of strings", (value) => Array.isArray(value) && value.every(text[1])];
const handler: Kind = ["a function", (value) => typeof value === "function"];
const modes: readonly unknown[] = ["shared", "takeover", "off"] satisfies DeflateMode[];

/** All else. */
const others: Record<Exclude<keyof ServeOptions, keyof ListenerSettings>, Kind> = {
  hostname: text,
  port: number,
  protocols: texts,
  deflate: ["shared, takeover or off", (value) => modes.includes(value)],
  origins: texts,
  request: handler,
  open: handler,
  message: handler,
  close: handler,
  error: handler,
};

/** Every option there is. */
export const optionNames: readonly string[] = [...Object.keys(limits), ...Object.keys(others)];

/**
 * Checks the options of `serve()`.
 * @returns Them, without those that are `undefined`: they mean the default.
 * @throws {TypeError} If there is one of another name or type.
 * @throws {RangeError} If a limit is less than it may be.
 */
export function checkedOptions(options: ServeOptions): ServeOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!optionNames.includes(name)) {
      throw new TypeError(`serve() has no option ${JSON.stringify(name)}`);
    }
    const least = limits[name as keyof typeof limits];
    const [what, is] = least === undefined ? others[name as keyof typeof others] : number;
    if (!is(value)) throw new TypeError(`${name} must be ${what}, not ${described(value)}`);
    // Not `value < least`: NaN is less than nothing.
    if (least !== undefined && !(value >= least)) {
      throw new RangeError(`${name} must be ${least} or more, not ${value}`);
    }
  }
  return Object.fromEntries(given);
}

/**
 * Checks what a handler of requests has returned.
 * @throws {TypeError} If it is no answer: it says what it is, or which part of it is wrong.
 */
export function checkReply(reply: unknown): asserts reply is Reply {
  const wrong = (what: string) => {
    throw new TypeError(
      `request must return undefined or { status, headers?, body? }, and returned ${what}`,
    );
  };
  if (typeof reply !== "object" || reply === null || reply instanceof Response) {
    return wrong(described(reply));
  }
  const { status, headers, body } = reply as Record<keyof Reply, unknown>;
  if (!(Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599)) {
    return wrong(`the status ${described(status)}: it must be an integer from 200 to 599`);
  }
  if (headers !== undefined && !(Array.isArray(headers) && headers.every(isField))) {
    return wrong(`as headers ${described(headers)}: they must be a list of [name, value]`);
  }
  if (body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array)) {
    return wrong(`as body ${described(body)}: it must be a string or a Uint8Array`);
  }
}

function isField(field: unknown): boolean {
  return Array.isArray(field) && field.length === 2 && field.every((f) => typeof f === "string");
}

/** What a value is, in a few words: objects by their class. */
function described(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    return `an object (${value.constructor?.name ?? "of no class"})`;
  }
  if (typeof value === "string") return `the string ${JSON.stringify(value.slice(0, 40))}`;
  return typeof value === "function" ? "a function" : String(value);
}

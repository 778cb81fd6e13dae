/**
 * What a program hands to `serve()` and its handler of requests, checked as plain JavaScript may hand over anything.
 * @module
 */
import type { Reply } from "../http/response.ts";
import type { DeflateMode } from "../websocket/negotiate.ts";
import { ConfigError, type Setting } from "../settings/setting.ts";
import type { ServeLimits, ServeOptions } from "./serve_options.ts";

/** Numbers that are limits: of each, the least that it may be. */
const limits: Record<keyof ServeLimits | "history" | "historyAge" | "historyBytes", number> = {
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
  maxBufferedTotal: 1,
  maxConnections: 1,
  maxPerAddress: 0,
  messageRate: 0,
  pingRate: 0,
  deflateThreshold: 0,
  history: 0,
  historyAge: 1,
  historyBytes: 0,
};

/** What a value must be, in words, and whether it is. */
type Kind = [what: string, is: (value: unknown) => boolean];
const text: Kind = ["a string", (value) => typeof value === "string"];
const number: Kind = ["a number", (value) => typeof value === "number"];
const texts: Kind = ["a list of strings", (value) => Array.isArray(value) && value.every(text[1])];
const handler: Kind = ["a function", (value) => typeof value === "function"];
const modes: readonly unknown[] = ["shared", "takeover", "off"] satisfies DeflateMode[];

function hasAll(value: unknown, names: readonly string[], type: string): boolean {
  return typeof value === "object" && value !== null &&
    names.every((name) => typeof (value as Record<string, unknown>)[name] === type);
}

/** All else. */
const others: Record<Exclude<keyof ServeOptions, keyof typeof limits>, Kind> = {
  hostname: text,
  port: number,
  tls: ["{ cert, key }, both PEM", (value) => hasAll(value, ["cert", "key"], "string")],
  unix: text,
  signal: ["an AbortSignal", (value) => value instanceof AbortSignal],
  trustProxy: [
    "true, false or a list of strings",
    (value) => typeof value === "boolean" || texts[1](value),
  ],
  protocols: texts,
  deflate: ["shared, takeover or off", (value) => modes.includes(value)],
  origins: texts,
  engine: [
    "memory, sqlite:FILE, nats://…, an engine, or a log with its clock",
    (value) =>
      typeof value === "string" || hasAll(value, ["publish", "history", "listen"], "function") ||
      hasAll(value, ["follow", "append", "now"], "function"),
  ],
  natsCreds: text,
  natsStream: text,
  natsReplicas: number,
  onListen: handler,
  request: handler,
  fetch: handler,
  upgrade: handler,
  open: handler,
  message: handler,
  drain: handler,
  gap: handler,
  close: handler,
  error: handler,
};

/** Options of which none is there and undefined. */
export type Given<Options> = { [Name in keyof Options]: Exclude<Options[Name], undefined> };

/** Every option there is. */
export const optionNames: readonly string[] = [...Object.keys(limits), ...Object.keys(others)];

/**
 * Checks the options of `serve()`.
 * @returns Them, without those that are `undefined`: they mean the default.
 * @throws {TypeError} If there is one of another name or type.
 * @throws {RangeError} If a limit is less than it may be.
 */
export function checkedOptions<Options extends object>(options: Options): Given<Options> {
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
  return Object.fromEntries(given) as Given<Options>;
}

/**
 * Checks an option as the setting of the service that it is.
 * @param texts What it would be on a command line.
 * @throws {TypeError} If it is not in its form.
 */
export function parsed<T>(name: string, setting: Setting<T>, ...texts: string[]): T {
  try {
    return setting.parse(texts);
  } catch (error) {
    if (error instanceof ConfigError) throw new TypeError(`${name} ${error.message}`);
    throw error;
  }
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

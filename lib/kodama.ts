/**
 * The whole service inside a program: channels by URL, their history, tokens, the page and the metrics, as the command has
 * them; and the program's word in all that.
 *
 * ```ts
 * import { kodama } from "@kodama/kodama/service";
 *
 * await using service = await kodama({
 *   port: 0,
 *   authorize: (request) => ({ r: ["**"], w: request.headers.has("x-editor") ? ["news"] : [] }),
 * });
 *
 * const { id } = await service.publish("news", { title: "echo" });
 * const news = await fetch(`${service.url}news`).then((response) => response.json());
 * console.log(news.messages[0].id === id); // true
 * ```
 *
 * @module
 */
import type { Engine } from "./hub/engine.ts";
import type { OwnLog } from "./engine/own.ts";
import {
  type PublishOptions,
  publishTo,
  type Receipt,
  type SubscribeOptions,
  subscribeTo,
  type Subscription,
} from "./library/channels.ts";
import { hookNames, hooksOf, type ServiceHooks } from "./library/hooks.ts";
import { formatLine, LineWriter, type Log, type LogLine, logOf, logTo } from "./service/log.ts";
import { faultLine } from "./service/serve.ts";
import { startService } from "./service/service.ts";
import type { Config } from "./settings/config.ts";
import { checkedSettings, isSetting, type ServiceSettings } from "./settings/plain.ts";
import { version } from "./settings/version.ts";

export { EngineError } from "./hub/engine.ts";
export type { OwnLog } from "./engine/own.ts";
export { OpenError } from "./engine/spawn.ts";
export { ListenError } from "./net/conn.ts";
export type { Peer } from "./net/transport.ts";
export type { FetchInfo } from "./net/web.ts";
export type {
  ChannelGap,
  ChannelMessage,
  PublishOptions,
  Receipt,
  SubscribeOptions,
  Subscription,
} from "./library/channels.ts";
export type { Action } from "./auth/auth.ts";
export type { Network } from "./http/address.ts";
export type { Loss } from "./hub/cursor.ts";
export type { Kind } from "./hub/message.ts";
export type { Claims, Offer, Perhaps, Publisher, ServiceHooks } from "./library/hooks.ts";
export type { Way } from "./service/hooks.ts";
export type { Level } from "./service/lines.ts";
export type { Fields, LogLine } from "./service/log.ts";
export type { ServiceSettings } from "./settings/plain.ts";

/** What {@linkcode kodama} is told: every setting of the command, and what only a program can say. */
export interface KodamaOptions
  extends Omit<ServiceSettings, "engine" | "authorize">, Omit<ServiceHooks, "authorize"> {
  /** Who is asked what somebody may do: the program, before the settings are; or, by its URL, a backend. Default nobody. */
  authorize?: string | NonNullable<ServiceHooks["authorize"]>;
  /**
   * Who keeps order and memory: `memory`, `sqlite:FILE`, `nats://HOST[,HOST…]`; an engine of your own; or a log of your own
   * with its clock, of which is remembered what `history`, `historyAge` and `historyBytes` say. It is ended with the service.
   * Default `memory`.
   */
  engine?: string | Engine | OwnLog;
  /**
   * Where the service's lines go: to a function, or to LogTape under a category, which the program has configured. Default:
   * standard error, as `logFormat` says.
   */
  log?: ((line: LogLine) => unknown) | readonly string[];
  /** Ends it: the start, with the signal's reason, or later the service, as `shutdown()` does. */
  signal?: AbortSignal;
  /**
   * Told, with `acme`, that the start waits for its first certificate, which may take its time.
   * @param again Has it tried again at once, as far as the directory allows.
   */
  waiting?: (again: () => void) => void;
}

/** A service that runs. */
export interface Kodama extends AsyncDisposable {
  /** The URL of its page, or `unix:` and the path of its socket where it listens on no port. */
  readonly url: string;
  /** Resolves when it has ended. */
  readonly finished: Promise<void>;
  /**
   * Publishes, without asking anybody: what the program publishes is its own.
   * @param data A string goes as text, a `Uint8Array` as bytes, anything else as JSON.
   * @returns The message's id, how many subscribers were told, and whether it had been published before under the same key.
   * @throws {TypeError} If the channel has no such name, the key is none, or the data cannot be JSON.
   * @throws {RangeError} If it is over `maxMessage`.
   * @throws {EngineError} If the engine cannot take it now.
   */
  publish(channel: string, data: unknown, options?: PublishOptions): Promise<Receipt>;
  /**
   * Hears what comes on one channel or several; from the call on, also before the first message is asked for. Who takes it
   * slowly is caught up from what the channels remember, and told where they do not any more. It ends with the service.
   * @throws {TypeError} If a channel has no such name, or `since` is none.
   */
  subscribe(channels: string | readonly string[], options?: SubscribeOptions): Subscription;
  /** Reads the certificate and its key again, if it has some; with `acme`, asks for the next one. */
  reload(): Promise<void>;
  /** Shuts down: closes every WebSocket with 1001, and ends when all are gone, at the latest after `drain`. */
  shutdown(): Promise<void>;
}

/** What options there are besides settings and functions that are asked. */
const others = ["log", "signal", "waiting"];

/**
 * Starts the service. Resolves when it listens; with `acme` that may wait for the first certificate.
 * @throws {TypeError} If an option has a name or a kind that there is not, or two do not go together.
 * @throws {RangeError} If one is out of its bounds, or not in its form.
 * @throws {Deno.errors.AddrInUse} And what else `Deno.listen` throws; and the signal's reason.
 * @throws {OpenError} If the engine cannot be opened.
 * @throws {ListenError} If the certificate, the Unix socket or the port for plain HTTP cannot be had.
 */
export async function kodama(options: KodamaOptions = {}): Promise<Kodama> {
  const { log: sink, signal, waiting, engine, authorize, ...rest } = options;
  for (const name of Object.keys(options)) checkOption(name, options);
  const own = typeof engine === "object" ? engine : undefined;
  const config = checkedSettings({
    ...rest,
    ...typeof engine === "string" && { engine },
    ...typeof authorize === "string" && { authorize },
  });
  checkThreads(config, options);
  const log = sinkOf(sink, config);
  const asked = { ...rest, ...typeof authorize === "function" && { authorize } };
  const hooks = hooksOf(asked, config.maxMessage, faultLine(log));
  signal?.throwIfAborted();
  const service = await startService(config, log, {
    ...{ hooks, engine: own },
    ...signal && { signal },
    ...waiting && { waiting },
  });
  const ended = new AbortController();
  const shutdown = () => {
    ended.abort();
    return service.shutdown();
  };
  const finished = service.finished.finally(() => {
    ended.abort();
    signal?.removeEventListener("abort", shutdown);
  });
  if (signal?.aborted) shutdown();
  else signal?.addEventListener("abort", shutdown);
  log.info("started", { version, url: service.url, ...service.about });
  return {
    url: service.url,
    finished,
    publish: async (channel, data, options = {}) =>
      await publishTo(service.hub(), channel, data, options, config.maxMessage),
    subscribe: (channels, options = {}) =>
      subscribeTo(service.hub(), channels, options, ended.signal),
    reload: () => service.reload(),
    shutdown,
    [Symbol.asyncDispose]: shutdown,
  };
}

/** Looks whether there is such an option, and whether it is of its kind, where no table says that. */
function checkOption(name: string, options: KodamaOptions): void {
  const value: unknown = options[name as keyof KodamaOptions];
  if (value === undefined) return;
  const wrong = (what: string) => new TypeError(`${name} must be ${what}`);
  if (name === "engine" && typeof value !== "string") {
    const has = (method: string) =>
      typeof (value as Record<string, unknown>)[method] === "function";
    const is = typeof value === "object" && value !== null && has("close") &&
      (has("follow") ? has("append") && has("now") : has("publish") && has("history"));
    if (!is) throw wrong("a name, an engine, or a log with its clock");
  } else if (name === "log") {
    const category = Array.isArray(value) && value.every((part) => typeof part === "string");
    if (!category && typeof value !== "function") throw wrong("a function or a list of strings");
  } else if (name === "signal") {
    if (!(value instanceof AbortSignal)) throw wrong("an AbortSignal");
  } else if (name === "authorize") {
    if (!["function", "string"].includes(typeof value)) throw wrong("a function or a URL");
  } else if (name === "waiting" || hookNames.some((hook) => hook === name)) {
    if (typeof value !== "function") throw wrong("a function");
  } else if (!isSetting(name) && !others.includes(name)) {
    throw new TypeError(`kodama() has no option ${JSON.stringify(name)}`);
  }
}

/** What a program hands over by itself is in its thread, and cannot be in others. */
function checkThreads({ workers }: Config, options: KodamaOptions): void {
  if (workers === 1) return;
  // Without it, the runtime ends the process where it is asked to share a port; with it, there is this, too.
  if (!("listenDatagram" in Deno)) {
    throw new TypeError(
      'workers other than 1 need "unstable": ["net"] in your deno.json: they share a port',
    );
  }
  const there = hookNames.find((name) => typeof options[name] === "function") ??
    (typeof options.engine === "object" ? "engine" : undefined);
  if (there === undefined) return;
  const what = there === "engine" ? "an engine that is an object" : "a function";
  throw new TypeError(
    `${there} needs workers 1: ${what} stays in the thread that made it; for more cores, start more processes and ` +
      "share nats://",
  );
}

/** Where the lines of one service go. */
function sinkOf(sink: KodamaOptions["log"], config: Config): Log {
  if (typeof sink === "object") return logOf(sink);
  if (sink !== undefined) return logTo((line) => void told(sink, line), config.logLevel);
  const errors = new LineWriter((bytes) => Deno.stderr.write(bytes));
  return logTo((line) => errors.line(formatLine(line, config.logFormat)), config.logLevel);
}

/** Tells the program a line. Its own fault in that is told, too, and ends nothing. */
async function told(sink: (line: LogLine) => unknown, line: LogLine): Promise<void> {
  try {
    await sink(line);
  } catch (error) {
    try {
      console.error(error);
    } catch {
      // Standard error takes nothing (a full disk): there is nobody left to be told.
    }
  }
}

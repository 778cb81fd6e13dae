/**
 * A WebSocket server for programs.
 * @module
 */
import { proxiesOf, type Trust } from "../auth/proxy.ts";
import { OwnAddresses } from "../net/addresses.ts";
import { Backlog } from "../net/backlog.ts";
import { Callers } from "../net/callers.ts";
import { OwnCensus } from "../net/census.ts";
import type { KeyPair } from "../net/certificate.ts";
import type { Listener } from "../net/conn.ts";
import { Count } from "../net/counts.ts";
import { type Common, Server } from "../net/listener.ts";
import { frameForms } from "../service/forms.ts";
import { defaults, settings } from "../settings/config.ts";
import { answerer } from "./answer.ts";
import { toldUnlessAwaited } from "./awaited.ts";
import { Calls, reporter } from "./calls.ts";
import {
  type PublishOptions,
  publishTo,
  type Receipt,
  type SubscribeOptions,
  subscribeTo,
  type Subscription,
} from "./channels.ts";
import { type HubSettings, LazyHub } from "./lazy_hub.ts";
import { checkedOptions, parsed } from "./options.ts";
import { listenAt, urlOf } from "./places.ts";
import type { AnyOptions, ServeLimits, ServeOptions, UpgradeResult } from "./serve_options.ts";

/** A server that runs. */
export interface RunningServer extends AsyncDisposable {
  /** Where it listens: `ws://…`, `wss://…`, or `unix:` and the path of its socket where it listens on no port. */
  readonly url: string;
  /** The port it listens on; 0: on none. */
  readonly port: number;
  /** Resolves when it has ended. Rejects with a `ListenError` if its Unix socket cannot be had. */
  readonly finished: Promise<void>;
  /**
   * Publishes to all who subscribe to a channel, sockets and programs. What goes wrong is told to `error` where nobody waits
   * for the answer.
   * @param data A string goes as text, bytes as binary, anything else as JSON.
   * @throws {TypeError} If the channel has no such name, the key is none, or the data cannot be JSON.
   * @throws {RangeError} If it is over `maxMessage`.
   * @throws {EngineError} If the engine cannot take it now.
   */
  publish(channel: string, data: unknown, options?: PublishOptions): Promise<Receipt>;
  /**
   * Hears what comes on one channel or several, from the call on. Who takes it slowly is caught up from what the channels
   * remember. It ends by `break`, by its signal, and with the server.
   * @throws {TypeError} If a channel has no such name, or `since` is none.
   */
  subscribe(channels: string | readonly string[], options?: SubscribeOptions): Subscription;
  /** How many subscribe to a channel here. */
  subscriberCount(channel: string): number;
  /**
   * Has those who connect from now on get another certificate; the others go on with theirs.
   * @throws {ListenError} If it cannot be used; `TypeError` where there is no `tls`.
   */
  setSecureContext(tls: KeyPair): void;
  /**
   * Stops accepting, closes every WebSocket with 1001 and ends when all are gone.
   * @param drain Over how long the closes are spread, and when what is left is dropped, in ms. Default 10,000.
   */
  shutdown(drain?: number): Promise<void>;
}

/** Limits whose default is not the service's: how many connections and messages there may be is the program's to say. */
const own = { maxConnections: Infinity, messageRate: 0 };

/**
 * Serves WebSocket (RFC 6455) on a port of its own, with channels that remember; and HTTP beside it.
 * @param options What to listen on, limits, and who is told.
 * @throws {TypeError} If an option has a name or a type that there is not; `RangeError` if a limit is too small.
 * @throws {Deno.errors.AddrInUse} And what else `Deno.listen` throws.
 * @throws {ListenError} If the certificate and its key cannot be used.
 */
export function serve<Result extends UpgradeResult = undefined>(
  options: ServeOptions<Result>,
): RunningServer {
  const given = checkedOptions(options as unknown as AnyOptions);
  const all = { ...defaults, ...own, ...given };
  const { tls, unix, signal, onListen } = given;
  const trust = trustOf(given.trustProxy);
  if (typeof all.engine === "string") parsed("engine", settings.engine, all.engine);
  const places = listenAt({
    ...{ hostname: all.hostname, tls, unix },
    port: given.port ?? (unix === undefined ? Number(defaults.port) : undefined),
  });
  const report = reporter(given.error ?? console.error);
  const hub = new LazyHub(hubSettings(all), report), ended = new AbortController();
  const calls = new Calls(report), { drain, gap } = given;
  const answer = answerer(given, {
    ...{ handlers: given, calls, hub, fault: report, forms: frameForms(all.deflateThreshold) },
    ...{ maxBuffered: all.maxBuffered, messageRate: all.messageRate, pingRate: all.pingRate },
    drain: drain && ((socket) => calls.call(socket, () => drain(socket))),
    gap: gap && ((socket, what) => calls.call(socket, () => gap(socket, what))),
  }, report);
  const common = commonOf(all, trust), servers: Server[] = [];
  let drained: number | undefined;

  function start(listener: Listener): Promise<void> {
    const server = new Server(listener, answer, all, report, {}, undefined, common);
    servers.push(server);
    if (onListen) listening(onListen, listener.addr);
    if (drained !== undefined) server.shutdown(drained);
    return server.finished;
  }

  const listening = async (told: NonNullable<typeof onListen>, addr: Deno.Addr) => {
    try {
      await told(addr);
    } catch (error) {
      report(error);
    }
  };

  /** Without one of the places that it was to have it is not to go on. */
  const giveUp = async (error: unknown) => {
    await Promise.all(servers.map((server) => server.shutdown(0)));
    throw error;
  };
  const ends = [places.tcp && start(places.tcp), places.unix?.then(start, giveUp)];
  const finished = Promise.all(ends).finally(async () => {
    signal?.removeEventListener("abort", abort);
    ended.abort();
    await hub.close();
  }).then(() => {});

  async function shutdown(drain = defaults.drain): Promise<void> {
    drained ??= drain;
    await Promise.all(servers.map((server) => server.shutdown(drain, servers.length)));
    await finished;
  }

  /** What goes wrong with it `finished` tells. */
  const abort = () => void shutdown().catch(() => {});
  if (signal?.aborted) abort();
  else signal?.addEventListener("abort", abort, { once: true });

  const { addr } = places;
  return {
    url: addr === undefined ? `unix:${unix}` : urlOf(addr, tls !== undefined),
    port: addr?.port ?? 0,
    finished,
    publish(channel, data, options = {}) {
      const publishing = async () => {
        const there = hub.get();
        // Without a wait where none is needed: what is published next comes next.
        const opened = there instanceof Promise ? await there : there;
        return await publishTo(opened, channel, data, options, all.maxMessage);
      };
      return toldUnlessAwaited(publishing(), report);
    },
    subscribe: (channels, options = {}) => subscribeTo(hub.get(), channels, options, ended.signal),
    subscriberCount: (channel) => hub.made?.count(channel) ?? 0,
    setSecureContext: (tls) => places.use(tls),
    shutdown,
    [Symbol.asyncDispose]: shutdown,
  };
}

/** Of all settings, what an engine needs: they may go to another thread. */
function hubSettings(all: HubSettings): HubSettings {
  const { engine, history, historyAge, historyBytes, maxMessage } = all;
  const { natsCreds, natsStream, natsReplicas } = all;
  return {
    ...{ engine, history, historyAge, historyBytes, maxMessage },
    ...{ natsCreds, natsStream, natsReplicas },
  };
}

/** What all its listeners have in common. */
function commonOf({ maxPerAddress, maxBufferedTotal: most }: ServeLimits, trust: Trust): Common {
  const counts = new Float64Array(Count.end);
  return {
    census: new OwnCensus(),
    counts,
    callers: new Callers(maxPerAddress, new OwnAddresses(), proxiesOf(trust)),
    backlog: new Backlog(counts, { most, threads: 1, total: () => counts[Count.held]! }),
  };
}

function trustOf(given: ServeOptions["trustProxy"] = false): Trust {
  const texts = typeof given === "boolean" ? [given ? "on" : "off"] : given;
  return texts.length === 0 ? "off" : parsed("trustProxy", settings.trustProxy, ...texts);
}

/**
 * `--hook` as it is served: who is told what happens, what is counted of it, and what is said of a backend that does not
 * take it.
 * @module
 */
import { type Endpoint, HookQueue, type QueueWatch } from "../backend/queue.ts";
import { type Fetch, originOf, signature, type Time } from "../backend/post.ts";
import type { Bus } from "../hub/bus.ts";
import type { Change, Presence } from "../hub/presence.ts";
import type { Counts } from "../net/counts.ts";
import type { Config } from "../settings/config.ts";
import { hookOf } from "../settings/apps.ts";
import type { Log } from "./log.ts";
import { Tally } from "./tally.ts";

/** What hooks need. */
export interface WebhookContext {
  log: Log;
  /** Where it is counted. */
  row: Counts;
  fetch: Fetch;
  time: Time;
  /** The other ends. */
  bus: Pick<Bus, "leads" | "peers" | "watch">;
  /** Who is there by all of them. */
  presence: Pick<Presence, "watchAll" | "settle">;
}

/** For the others to be heard of at the start: until then each would tell, in ms. */
export const START = 1000;
/** For the last events at the end, where no time is left for them, in ms. */
const LAST = 1000;
/** For the others to end, too, at least and at most, in ms: threads of this process do, other nodes need not. */
const ALONE = [500, 2000] as const;
/** Between lines about events that are lost, in ms. */
const SAY_AGAIN = 10_000;

/** Begins to tell each backend that is given who comes and goes. */
export function openWebhooks(
  config: Pick<Config, "hook" | "secret">,
  context: WebhookContext,
): Webhooks {
  const webhooks = new Webhooks(context);
  const queues = plainHooks(config).map((url) => webhooks.add(kodamaEndpoint(url, config)));
  if (queues.length > 0) {
    webhooks.follow((change) => {
      for (const event of eventsOf(change, Date.now())) {
        for (const queue of queues) queue.tell(event);
      }
    });
  }
  return webhooks;
}

/** The URLs of `--hook` that are of no app of the Pusher protocol. */
export function plainHooks({ hook }: Pick<Config, "hook">): string[] {
  return hook.filter((text) => hookOf(text).app === undefined);
}

/** The backends that a thread tells. */
export class Webhooks {
  readonly #context: WebhookContext;
  readonly #queues: HookQueue[] = [];
  readonly #ends: (() => void)[] = [];
  /** Stop following. */
  readonly #follows: (() => void)[] = [];

  /** @param context What they need. */
  constructor(context: WebhookContext) {
    this.#context = context;
  }

  /** Adds one. Whatever its queue is told, it is told. */
  add(endpoint: Endpoint): HookQueue {
    const { watch, end } = watchOf(originOf(endpoint.url), this.#context);
    const { fetch, time } = this.#context;
    const queue = new HookQueue({ endpoint, fetch, time, watch });
    this.#queues.push(queue);
    this.#ends.push(end);
    return queue;
  }

  /**
   * Follows who comes and goes on all channels. All ends see the same; the one that leads tells it.
   * @param tell Takes each change.
   */
  follow(tell: (change: Change) => void): void {
    const { bus, presence, time } = this.#context;
    const told = (change: Change) => {
      if (bus.leads) tell(change);
    };
    const watch = presence.watchAll(told);
    const cancel = time.after(START, () => {
      watch.ready.then(() => watch.begin((there) => there.forEach(told)));
    });
    this.#follows.push(() => {
      cancel();
      watch.stop();
    });
  }

  /**
   * Tells who is gone where nobody else can, sends what waits, and ends.
   * @param patience For how long, in ms.
   */
  async end(patience: number): Promise<void> {
    const { bus, presence, time } = this.#context, until = time.now() + patience;
    // Others who go on tell it when those have not come back to them.
    if (this.#follows.length > 0 && bus.leads && await alone(this.#context, patience)) {
      presence.settle();
    }
    const left = Math.max(until - time.now(), LAST);
    await Promise.all(this.#queues.map((queue) => queue.close(left)));
    for (const end of [...this.#follows, ...this.#ends]) end();
  }
}

/** Resolves with whether all the others have ended, or do soon. */
async function alone({ bus, time }: WebhookContext, patience: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const look = () => {
    if (bus.peers.length === 0) resolve(true);
  };
  bus.watch({ unknown() {}, gone: look });
  const [least, most] = ALONE;
  const ms = Math.min(Math.max(patience, least), most);
  const cancel = time.after(ms, () => resolve(false));
  look();
  const ended = await promise;
  cancel();
  return ended;
}

/** What happens on a channel, as backends are told of it: who comes behind that it is occupied, who goes before it is vacated. */
export function* eventsOf(change: Change, time: number): Generator<Record<string, unknown>> {
  const { channel, join, leave, occupied } = change;
  if (occupied === true) yield { event: "occupied", channel, time };
  for (const { sub } of join) yield { event: "join", channel, sub, time };
  for (const sub of leave) yield { event: "leave", channel, sub, time };
  if (occupied === false) yield { event: "vacated", channel, time };
}

/** The form in which a backend is told, where it asks for no other. */
export function kodamaEndpoint(url: string, { secret }: Pick<Config, "secret">): Endpoint {
  return {
    url,
    form(events, dropped) {
      const lost = dropped === 0 ? "" : `,"dropped":${dropped}`;
      const body = `{"events":[${events}]${lost}}`;
      return { body, headers: signature(secret, body) };
    },
  };
}

/** Counts what a queue does, and says what its operator should know. */
function watchOf(
  backend: string,
  { log, row, time }: WebhookContext,
): { watch: QueueWatch; end: () => void } {
  let failing = false, lost = 0, because = "";
  let cancel: (() => void) | undefined;
  /** Says how many were lost; then not again for a while. */
  const say = () => {
    cancel = undefined;
    if (lost === 0) return;
    log.warn("events for the hook are lost", { backend, count: lost, why: because });
    lost = 0;
    cancel = time.after(SAY_AGAIN, say);
  };
  const watch: QueueWatch = {
    waiting: (change) => void (row[Tally.hookWaiting]! += change),
    sent(why) {
      row[Tally.hookPosts + (why === undefined ? 0 : 1)]!++;
      if (failing === (why !== undefined)) return;
      failing = why !== undefined;
      if (why === undefined) log.info("the hook takes events again", { backend });
      else log.error("the hook does not take events", { backend, why });
    },
    taken: (count) => void (row[Tally.hookEvents]! += count),
    dropped(count, why) {
      row[Tally.hookEvents + 1]! += count;
      lost += count;
      because = why;
      if (cancel === undefined) say();
    },
  };
  const end = () => {
    cancel?.();
    say();
    cancel?.();
  };
  return { watch, end };
}

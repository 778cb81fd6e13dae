/**
 * What a backend is told (`--hook`): events, gathered, sent in order, and again where it does not take them; neither many
 * nor for long, as what it is told too late is of no use to it.
 * @module
 */
import { BackendError, type Fetch, post, type Time } from "./post.ts";

/** Who is told, and in which form. */
export interface Endpoint {
  /** Where; http or https. */
  url: string;
  /**
   * Makes a request of some events.
   * @param events Their JSON, with commas between them.
   * @param dropped How many before them are lost.
   */
  form(events: string, dropped: number): { body: string; headers: Record<string, string> };
}

/** Who watches the queue. */
export interface QueueWatch {
  /** So many events more wait; or less, where it is negative. */
  waiting(change: number): void;
  /** A request was taken, or was not, with why. Where it was not, it is sent again. */
  sent(why: string | undefined): void;
  /** So many events were taken. */
  taken(count: number): void;
  /** So many events are lost. */
  dropped(count: number, why: string): void;
}

/** What the queue needs. */
export interface QueueContext {
  endpoint: Endpoint;
  fetch: Fetch;
  time: Time;
  watch: QueueWatch;
}

/** For how long events gather, in ms. */
export const GATHER = 100;
/** Most of one request: many programs take no body over 100 KB, unless they are told to. */
export const MAX_BATCH = 500, MAX_BODY = 64 * 1024;
/** Most that wait, what is on its way included: events, and characters of their JSON. The oldest go first. */
export const MAX_WAITING = 10_000, MAX_SIZE = 16 << 20;
/** For how long an event is sent again, from when it has come, in ms. */
export const KEEP = 300_000;
/** First and longest pause before that, and that while it is to end, in ms. */
export const FIRST_PAUSE = 1000, LONGEST_PAUSE = 30_000, LAST_PAUSE = 250;
/** For an answer, in ms. */
const PATIENCE = 10_000;

/** A request. */
interface Batch {
  /** How many events are in it. */
  count: number;
  /** How many it says are lost. */
  dropped: number;
  url: string;
  body: string;
  headers: Record<string, string>;
}

/** The events for one endpoint. */
export class HookQueue {
  readonly #context: QueueContext;
  #events: { text: string; told: number }[] = [];
  #size = 0;
  /** How many of the first are on their way. */
  #sending = 0;
  /** How many were dropped of which the endpoint has not been told. */
  #untold = 0;
  /** Ends the present pause. */
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #closing = false;
  readonly #end = new AbortController();

  /** @param context What it needs. */
  constructor(context: QueueContext) {
    this.#context = context;
  }

  /** Takes an event. */
  tell(event: Readonly<Record<string, unknown>>): void {
    const { time, watch } = this.#context, text = JSON.stringify(event);
    this.#events.push({ text, told: time.now() });
    this.#size += text.length;
    watch.waiting(1);
    while (this.#events.length > MAX_WAITING || this.#size > MAX_SIZE) {
      this.#drop(this.#sending, 1, "too many wait");
    }
    this.#running ??= this.#run();
  }

  /**
   * Sends what is there, without any more pause than it takes. What comes later is lost.
   * @param patience For how long it is tried, in ms; what is left then is lost, too.
   */
  async close(patience: number): Promise<void> {
    const end = () => {
      this.#end.abort();
      this.#wake?.();
    };
    this.#closing = true;
    this.#wake?.();
    const cancel = this.#context.time.after(patience, end);
    await this.#running;
    cancel();
    end();
  }

  async #run(): Promise<void> {
    const { time, watch } = this.#context;
    let batch: Batch | undefined, pause = FIRST_PAUSE;
    while (this.#events.length > 0) {
      if (batch === undefined && !this.#closing) {
        await this.#pause(this.#events[0]!.told + GATHER - time.now());
      }
      if (this.#end.signal.aborted) break;
      batch ??= this.#batch();
      const why = await this.#send(batch);
      if (this.#end.signal.aborted && why !== undefined) break;
      watch.sent(why);
      if (why === undefined) {
        this.#untold -= batch.dropped;
        this.#take(0, batch.count);
        watch.taken(batch.count);
        batch = undefined;
        pause = FIRST_PAUSE;
        continue;
      }
      await this.#pause(this.#closing ? LAST_PAUSE : pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
      const old = this.#old();
      if (old === 0) continue;
      this.#drop(0, old, "not taken for 5 minutes");
      batch = undefined;
    }
    this.#running = undefined;
    if (this.#events.length > 0) this.#drop(0, this.#events.length, "shut down");
  }

  /** Makes a request of the first events. */
  #batch(): Batch {
    const texts: string[] = [];
    let size = 0;
    for (const { text } of this.#events) {
      size += text.length + 1;
      // One alone is sent, however long it is.
      if (texts.length > 0 && (texts.length === MAX_BATCH || size > MAX_BODY)) break;
      texts.push(text);
    }
    const { form, url } = this.#context.endpoint, dropped = this.#untold;
    const { body, headers } = form(texts.join(","), dropped);
    // Where it is sent again since its answer was lost, it can be told from another.
    const key = { "Idempotency-Key": crypto.randomUUID() };
    this.#sending = texts.length;
    return { count: texts.length, dropped, url, body, headers: { ...headers, ...key } };
  }

  /** Sends it. Resolves with why it was not taken, if it was not. */
  async #send(batch: Batch): Promise<string | undefined> {
    const { fetch, time } = this.#context, { signal } = this.#end;
    try {
      const { status } = await post(batch, { fetch, time, patience: PATIENCE, signal });
      return status >= 200 && status < 300 ? undefined : `the answer is ${status}`;
    } catch (error) {
      if (!(error instanceof BackendError)) return String(error);
      return error.late ? `no answer within ${PATIENCE / 1000} s` : error.message;
    }
  }

  /** How many of the first events are too old to be sent again. */
  #old(): number {
    const since = this.#context.time.now() - KEEP;
    const young = this.#events.findIndex(({ told }) => told > since);
    return young < 0 ? this.#events.length : young;
  }

  /** Takes events out, those on their way as well. */
  #take(from: number, count: number): void {
    for (const { text } of this.#events.splice(from, count)) this.#size -= text.length;
    if (from === 0) this.#sending = 0;
    this.#context.watch.waiting(-count);
  }

  #drop(from: number, count: number, why: string): void {
    this.#take(from, count);
    this.#untold += count;
    this.#context.watch.dropped(count, why);
  }

  async #pause(ms: number): Promise<void> {
    if (ms <= 0 || this.#end.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#context.time.after(ms, resolve);
    this.#wake = resolve;
    await promise;
    this.#wake = undefined;
    cancel();
  }
}

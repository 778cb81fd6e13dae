/**
 * What a thread has asked the engine's, and has no answer to yet: how much that may be, and how long it is waited for.
 * @module
 */
import { EngineError } from "../hub/engine.ts";
import { type Answer, type Answers, EACH, type PackedHistory, type Request } from "./wire.ts";

/** A request that waits for its answer. */
interface Asked {
  request: Request;
  /** Since when. */
  at: number;
  /** Whether its answer is taken also while it is ahead of what was told. */
  eager: boolean;
  /** It was given up; what it holds it holds until the engine has answered. */
  late: boolean;
  /** An answer that is ahead of what was told. */
  early?: PackedHistory;
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

/** How long and for how much is waited. */
export interface PendingOptions {
  /** For an answer, after which it is given up; whether a publish was taken, nobody knows then. In ms. */
  patience: number;
  /** Most that publishes may hold which wait for their answers, in bytes. */
  room: number;
  /** Told that something was given up. */
  silent: () => void;
  /** Whether an answer has messages in it that have not been told yet. */
  isAhead: (history: PackedHistory) => boolean;
}

/** Looks at how long requests have waited in this time, while some do. */
const LOOKS = 20;
/** Why something was given up. */
export const SILENT = "the engine does not answer";

/** Requests that wait for their answers. */
export class Pending {
  readonly #options: PendingOptions;
  readonly #asked = new Map<number, Asked>();
  /** Those of them whose answers are ahead. */
  readonly #early = new Set<number>();
  #ref = 0;
  #bytes = 0;
  #watch: ReturnType<typeof setInterval> | undefined;

  constructor(options: PendingOptions) {
    this.#options = options;
  }

  /** Whether there is room for a publish; for one there always is. */
  hasRoom(body: Uint8Array): boolean {
    return this.#bytes === 0 || this.#bytes + body.length + EACH <= this.#options.room;
  }

  /**
   * Waits for the answer to a request, by the number that it gives it.
   * @param eager Whether its answer is taken also while it is ahead of what was told.
   */
  add<R extends Request>(
    request: R,
    eager = false,
  ): { ref: number; answer: Promise<Answers[R["ask"]]> } {
    const ref = ++this.#ref;
    const answer = new Promise<Answers[R["ask"]]>((resolve, reject) => {
      const at = performance.now();
      this.#asked.set(ref, { request, at, eager, late: false, resolve, reject });
    });
    if (request.ask === "publish") this.#bytes += request.body.length + EACH;
    this.#watch ??= setInterval(() => this.#look(), this.#options.patience / LOOKS);
    return { ref, answer };
  }

  /** Takes an answer. */
  settle(answer: Answer): void {
    const { ref } = answer, asked = this.#asked.get(ref);
    // Another engine was asked.
    if (asked === undefined) return;
    if ("value" in answer && asked.request.ask === "history" && !asked.eager) {
      const history = answer.value as PackedHistory;
      if (this.#options.isAhead(history)) {
        asked.early = history;
        this.#early.add(ref);
        return;
      }
    }
    this.#forget(ref, asked);
    if ("value" in answer) asked.resolve(answer.value as never);
    else if (answer.engine) asked.reject(new EngineError(answer.error, answer.uncertain));
    else asked.reject(new Error(answer.error));
  }

  /** More has been told: gives the answers that were ahead of that, and are no longer. */
  told(): void {
    for (const ref of this.#early) {
      const asked = this.#asked.get(ref)!;
      if (this.#options.isAhead(asked.early!)) continue;
      this.#forget(ref, asked);
      asked.resolve(asked.early as never);
    }
  }

  /** Whoever was asked is gone: whether publishes were taken, nobody knows. */
  givePublishesUp(why: string): void {
    for (const [ref, asked] of this.#asked) {
      if (asked.request.ask !== "publish") continue;
      this.#forget(ref, asked);
      asked.reject(new EngineError(why, true));
    }
  }

  /** What is to be asked again, of another. */
  again(): [ref: number, request: Request][] {
    this.#early.clear();
    const requests: [number, Request][] = [];
    for (const [ref, asked] of this.#asked) {
      // Nobody waits for it, or it is asked from where things stand then.
      if (asked.late || asked.eager) {
        this.#forget(ref, asked);
        continue;
      }
      delete asked.early;
      asked.at = performance.now();
      requests.push([ref, asked.request]);
    }
    return requests;
  }

  /** Nothing is waited for any more. */
  close(why: string): void {
    for (const [ref, asked] of this.#asked) {
      this.#forget(ref, asked);
      asked.reject(new EngineError(why, true));
    }
  }

  #forget(ref: number, { request }: Asked): void {
    this.#asked.delete(ref);
    this.#early.delete(ref);
    if (request.ask === "publish") this.#bytes -= request.body.length + EACH;
    if (this.#asked.size > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** Gives up what has waited too long. */
  #look(): void {
    const oldest = performance.now() - this.#options.patience;
    for (const asked of this.#asked.values()) {
      if (asked.at > oldest || asked.late || asked.early !== undefined) continue;
      asked.late = true;
      asked.reject(new EngineError(SILENT, asked.request.ask === "publish"));
      this.#options.silent();
    }
  }
}

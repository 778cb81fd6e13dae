/**
 * Publishes to a stream, each message once: what nobody knows of is never sent again.
 * @module
 */
import { createHash } from "node:crypto";
import { createInbox, type Msg, type NatsConnection } from "./client.ts";
import { EngineError } from "../../hub/engine.ts";
import type { Duplicate, LogRecord } from "../log.ts";
import { encodeHeaders, MAX_HEADERS, subjectOf } from "./record.ts";

/** A publish that is on its way. */
interface Pending {
  origin: string;
  /** When it is given up. */
  deadline: number;
  /** Whether the server has said that it is kept. */
  kept: boolean;
  resolve: (result: number | Duplicate) => void;
  reject: (error: EngineError) => void;
}

/** For the server to say that a message is kept, in ms. */
const PATIENCE = 2000;
/** For a message that is kept to come by the tail, in ms; less than whoever asks has patience for. */
const LONGER = 2500;
/** How often it is looked whether somebody has waited too long, in ms. */
const LOOK = 100;

/** Whoever helps to publish. */
export interface Publishing {
  /** Somebody had to be given up. */
  late(): void;
  /** Resolves when all up to a number has been told, of the stream that is known; rejects where that cannot be. */
  told(seq: number): Promise<void>;
}

/** Publishes. */
export class Publisher {
  readonly #prefix: string;
  readonly #helper: Publishing;
  /** Names this life of this node. */
  readonly #life = crypto.randomUUID().slice(0, 8);
  readonly #inbox = createInbox();
  readonly #byNumber = new Map<number, Pending>();
  readonly #byOrigin = new Map<string, Pending>();
  #count = 0;
  #nc: NatsConnection | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #idle: (() => void) | undefined;

  /** @param prefix That of the stream's subjects. */
  constructor(prefix: string, helper: Publishing) {
    this.#prefix = prefix;
    this.#helper = helper;
  }

  /** Publishes over a connection from now on. */
  attach(nc: NatsConnection): void {
    this.#nc = nc;
    const start = this.#inbox.length + 1;
    nc.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        // Whoever waits will have waited too long.
        if (error === null) this.#answered(Number(message.subject.slice(start)), message);
      },
    });
  }

  /** There is no connection any more. What is on its way may still come by the next one's tail. */
  detach(): void {
    this.#nc = undefined;
  }

  /**
   * Publishes.
   * @param earlier The number of a message that had the same key too long ago.
   * @throws {EngineError} If it is not kept, or if that is uncertain.
   */
  publish(record: LogRecord, earlier: number | undefined): Promise<number | Duplicate> {
    const nc = this.#nc;
    if (nc === undefined) throw new EngineError("NATS cannot be reached");
    const most = roomOf(nc);
    if (record.body.length > most) {
      throw new EngineError(`over ${most} bytes, the most that NATS takes`, false, true);
    }
    const number = ++this.#count;
    const origin = `${this.#life}.${number.toString(36)}`;
    const once = record.key && onceOf(record.channel, record.key, earlier);
    nc.publish(subjectOf(this.#prefix, record.channel), record.body, {
      headers: encodeHeaders(record, origin, once),
      reply: `${this.#inbox}.${number}`,
    });
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + PATIENCE;
      const pending = { origin, deadline, kept: false, resolve, reject };
      this.#byNumber.set(number, pending);
      this.#byOrigin.set(origin, pending);
      this.#timer ??= setInterval(() => this.#look(), LOOK);
    });
  }

  /** A message has been told of. */
  told(origin: string, seq: number): void {
    const pending = this.#byOrigin.get(origin);
    if (pending === undefined) return;
    this.#settle(pending);
    pending.resolve(seq);
  }

  /** Resolves when nothing is on its way any more. */
  idle(): Promise<void> {
    if (this.#byNumber.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle = resolve);
  }

  #answered(number: number, message: Msg): void {
    const pending = this.#byNumber.get(number);
    if (pending === undefined) return;
    if (message.data.length === 0) {
      // Nobody there takes messages of the stream, so nobody has: it has no leader at present.
      this.#settle(pending);
      return pending.reject(new EngineError("the stream has no leader"));
    }
    const { seq, duplicate, error } = message.json<PublishAnswer>();
    if (error !== undefined) {
      this.#settle(pending);
      pending.reject(new EngineError(`NATS refuses: ${error.description}`));
    } else if (duplicate) {
      this.#settle(pending);
      this.#helper.told(seq!).then(
        () => pending.resolve({ duplicate: seq! }),
        (error) => pending.reject(new EngineError(error.message, true)),
      );
    } else if (!pending.kept) {
      pending.kept = true;
      pending.deadline += LONGER;
    }
  }

  #settle(pending: Pending): void {
    this.#byOrigin.delete(pending.origin);
    this.#byNumber.delete(Number.parseInt(pending.origin.slice(9), 36));
    if (this.#byNumber.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#idle?.();
  }

  /** Gives up what has waited too long. */
  #look(): void {
    const now = performance.now();
    let late = false;
    for (const pending of this.#byNumber.values()) {
      if (pending.deadline > now) continue;
      late = true;
      this.#settle(pending);
      pending.reject(new EngineError("NATS does not answer", true));
    }
    if (late) this.#helper.late();
  }
}

/** How large a message can be, in bytes. */
export function roomOf({ info }: NatsConnection): number {
  return (info?.max_payload ?? Infinity) - MAX_HEADERS;
}

/** What the server says of a publish. */
interface PublishAnswer {
  seq?: number;
  duplicate?: boolean;
  error?: { description: string };
}

/**
 * What a message is published once under. The server knows it a moment longer than 10 minutes: a key that is used again then
 * goes on from the message before, so that nodes which do so at once agree.
 */
function onceOf(channel: string, key: string, earlier: number | undefined): string {
  const text = `${channel}\n${key}\n${earlier ?? ""}`;
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}

/**
 * A subscriber whose connections are cut, and who comes back each time by the last id it knows.
 * @module
 */
import { utf8 } from "../tools/bytes.ts";
import { clientFrame } from "../tools/frames.ts";
import type { Progress } from "./progress.ts";
import type { Random } from "./random.ts";
import { type Cut, Reader, upgrade, Wire } from "./wire.ts";

/** The number in an id. */
export function seqOf(id: string): number {
  return Number(id.slice(id.lastIndexOf(".") + 1));
}

/** The life in an id. */
export function epochOf(id: string): string {
  return id.slice(0, id.lastIndexOf("."));
}

/** What one connection was told. */
export interface Session {
  /** What was asked for: an id, `all`, or nothing. */
  since: string | undefined;
  /** What the first envelope said, if it came. */
  opening:
    | { open: string; channels: string[]; gap: boolean; lost: Record<string, string> }
    | undefined;
  /** Life, number, channel and content of each message. */
  got: { epoch: string; seq: number; channel: string; n: number }[];
  /** What became of it, for who reads a failure. */
  plan: string;
}

/** What happens to one connection. */
interface Plan {
  /** Of the request, how many bytes are sent; `Infinity`: all. */
  request: number;
  /** After how many bytes of the answer it is cut. */
  bytes: number;
  how: Cut;
  /** Whether part of a frame, or of another request, is sent before the cut. */
  half: boolean;
  /** For how many messages it reads nothing, from its first bytes on. */
  sleep: number;
}

/** One subscriber. */
export class ChaosSubscriber {
  /** Its connections. */
  readonly sessions: Session[] = [];
  /** Codes of Close frames that it got. */
  readonly closeCodes: number[] = [];
  /** Resolves when it knows from where on to ask: what is published from then on reaches it. */
  readonly placed: Promise<void>;
  readonly #place: () => void;
  readonly #port: number;
  readonly #random: Random;
  readonly #progress: Progress;
  #cursor: string | undefined;
  readonly #missing: Set<string>;

  /**
   * @param kind How it subscribes.
   * @param channels To what.
   * @param port Where.
   * @param random Decides what happens to it.
   * @param progress What it waits by.
   */
  constructor(
    readonly kind: "ws" | "sse",
    readonly channels: string[],
    port: number,
    random: Random,
    progress: Progress,
  ) {
    this.#port = port;
    this.#random = random;
    this.#progress = progress;
    this.#cursor = random.chance(0.2) ? "all" : undefined;
    this.#missing = new Set(channels);
    const { promise, resolve } = Promise.withResolvers<void>();
    [this.placed, this.#place] = [promise, resolve];
    if (this.#cursor !== undefined) resolve();
  }

  /** Connects again and again, until it has the last message of each of its channels. */
  async run(): Promise<void> {
    const random = this.#random;
    while (this.#missing.size > 0 && !this.#progress.over) {
      await this.#progress.there;
      await this.#connect(this.#plan());
      if (random.chance(0.7)) await this.#progress.more(random.magnitude(1000));
    }
  }

  #plan(): Plan {
    const random = this.#random;
    const request = random.chance(0.1) ? random.between(0, 300) : Infinity;
    // Within the answer's head or the first messages, or anywhere later.
    const bytes = random.chance(0.3) ? random.magnitude(2000) : 1000 * random.magnitude(500);
    return {
      request,
      bytes: request < Infinity || random.chance(0.1) ? 0 : bytes,
      how: random.pick(["RST", "FIN"]),
      half: random.chance(0.3),
      sleep: random.chance(0.2) ? random.magnitude(500) : 0,
    };
  }

  #request(): Uint8Array {
    const since = this.#cursor;
    const path = `/${this.channels.join(",")}`;
    const asQuery = since === undefined ? path : `${path}?since=${since}`;
    if (this.kind === "ws") return upgrade(asQuery);
    // The header wins over the query, which may be an old one.
    const header = since !== undefined && since !== "all" && this.#random.chance(0.5);
    return utf8(
      `GET ${header ? `${path}?since=all` : asQuery} HTTP/1.1\r\nHost: localhost\r\n` +
        `Accept: text/event-stream\r\n${header ? `Last-Event-ID: ${since}\r\n` : ""}\r\n`,
    );
  }

  async #connect(plan: Plan): Promise<void> {
    const session: Session = {
      since: this.#cursor,
      opening: undefined,
      got: [],
      plan: JSON.stringify(plan),
    };
    this.sessions.push(session);
    const request = this.#request();
    let left = plan.bytes, failure: unknown;
    const cut = async () => {
      if (plan.half) await wire.send(this.#half());
      wire.cut(plan.how);
    };
    const reader = new Reader(
      this.kind,
      (text, id) => this.#told(session, text, id),
      () => void wire.send(clientFrame(0x8a, new Uint8Array(0))),
      this.#progress.mortal,
    );
    const wire = new Wire(this.#port, (bytes) => {
      const cutsHere = bytes.length >= left && !this.#progress.calm;
      try {
        if (failure === undefined) reader.push(cutsHere ? bytes.subarray(0, left) : bytes);
      } catch (error) {
        failure = error;
      }
      if (cutsHere && left > 0) cut();
      left = Math.max(0, left - bytes.length);
      const done = this.#missing.size === 0 || reader.closeCode > 0 || reader.refused;
      if (failure !== undefined || done) {
        wire.cut("FIN");
      }
      if (plan.sleep > 0) wire.pauseUntil(this.#progress.more(plan.sleep));
      plan.sleep = 0;
    });
    if (this.#progress.calm) await wire.send(request);
    else {
      await wire.send(request.subarray(0, plan.request));
      if (plan.bytes === 0) wire.cut(plan.how);
    }
    await wire.closed;
    if (reader.closeCode > 0) this.closeCodes.push(reader.closeCode);
    if (failure !== undefined) throw failure;
  }

  /** A beginning of something. */
  #half(): Uint8Array {
    const whole = this.kind === "ws" ? clientFrame(0x81, new Uint8Array(200)) : utf8("POST /x");
    return whole.subarray(0, this.#random.between(1, whole.length - 1));
  }

  #told(session: Session, text: string, eventId: string | undefined): void {
    const told = JSON.parse(text);
    if (session.opening === undefined) {
      session.opening = { lost: {}, ...told };
      // Who has asked for nothing has missed nothing. Who has, keeps its id until what it missed has come.
      if (session.since === undefined) this.#cursor = told.open;
      if (eventId !== undefined) this.#cursor = eventId;
      this.#place();
      return;
    }
    if (eventId !== undefined && eventId !== told.id) throw new Error(`event ${eventId}: ${text}`);
    this.#cursor = told.id;
    const { id, ch, data } = told;
    session.got.push({ epoch: epochOf(id), seq: seqOf(id), channel: ch, n: data.n });
    if (told.data.last === true) this.#missing.delete(told.ch);
  }
}

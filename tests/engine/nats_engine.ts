/**
 * Engines on streams of their own, with a clock that a test moves.
 * @module
 */
import { LogEngine } from "../../lib/engine/engine.ts";
import { cost } from "../../lib/engine/fold.ts";
import type { StreamClock } from "../../lib/engine/nats/clock.ts";
import { NatsLog, type NatsLogOptions } from "../../lib/engine/nats/log.ts";
import type { EngineListener } from "../../lib/hub/engine.ts";
import {
  type CreateEngine,
  type Limits,
  ROOMY,
  type TestEngine,
} from "../../lib/testing/engine_suite.ts";

/** A clock that stands still: a message was published when the clock showed what it did after the message before. */
class TestClock implements StreamClock {
  #marks = [{ after: 0, time: 5000 }];

  now(): number {
    return this.#marks.at(-1)!.time;
  }

  timeOf(seq: number): number {
    return this.#marks.findLast(({ after }) => after < seq)!.time;
  }

  observe(): void {}

  /** Moves it on, after a message. */
  pass(ms: number, after: number): void {
    this.#marks.push({ after, time: this.now() + ms });
  }
}

/** Resolves when an engine can be reached. */
export function reachable(engine: LogEngine): Promise<void> {
  if (engine.unreachable === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const before = engine.reachable.bind(engine);
    engine.reachable = (why) => {
      before(why);
      if (why === undefined) resolve();
    };
  });
}

/** What differs from one log to another. */
export type NatsChoice = Partial<NatsLogOptions> & { engine: string };

/** An engine on a stream, once it can be reached. */
export async function openNatsEngine(
  choice: NatsChoice,
  limits: Partial<Limits> = {},
): Promise<LogEngine> {
  const engine = beginNatsEngine(choice, limits);
  await reachable(engine);
  return engine;
}

/** An engine on a stream, which may be out of reach. */
export function beginNatsEngine(choice: NatsChoice, limits: Partial<Limits> = {}): LogEngine {
  const all = { ...ROOMY, ...limits };
  const log = new NatsLog({ creds: "", stream: "kodama", replicas: 0, ...all, ...choice });
  return new LogEngine(log, all, () => log.now());
}

let streams = 0;

/** Makes engines, each on a stream of its own. */
export function natsEngines(engine: () => string, replicas: number): CreateEngine {
  return async (limits) => {
    const stream = `s${streams++}`, clock = new TestClock();
    const open = () => openNatsEngine({ engine: engine(), stream, replicas, clock }, limits);
    const test: TestEngine & { engine: LogEngine } = {
      engine: await open(),
      async pass(ms) {
        clock.pass(ms, (await test.engine.history([], undefined)).seq);
      },
      cost,
      async restart() {
        await test.engine.close();
        test.engine = await open();
      },
      [Symbol.asyncDispose]: () => test.engine.close(),
    };
    return test;
  };
}

/** Writes down what an engine tells. */
export class Ear implements EngineListener {
  readonly heard: string[] = [];
  #waiting: { is: () => boolean; go: () => void }[] = [];

  message: EngineListener["message"] = ({ channel, body, id }) =>
    this.#note(`${channel}:${new TextDecoder().decode(body)} ${id.split(".")[1]}`);
  lost: EngineListener["lost"] = (reason) => this.#note(`lost ${reason}`);
  reachable: EngineListener["reachable"] = (why) => this.#note(why ?? "reachable");

  /** Resolves when something was heard, be it before. */
  async hears(text: string): Promise<void> {
    const is = () => this.heard.includes(text);
    if (!is()) await new Promise<void>((go) => this.#waiting.push({ is, go }));
  }

  #note(text: string): void {
    this.heard.push(text);
    for (const { is, go } of this.#waiting) if (is()) go();
  }
}

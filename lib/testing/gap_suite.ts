/**
 * The promise that a gap is always told, held against a model that remembers everything.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import fc from "npm:fast-check@4.10.2";
import type { Since } from "../hub/cursor.ts";
import {
  type CreateEngine,
  draft,
  type Limits,
  listen,
  ROOMY,
  type Test,
  type TestEngine,
} from "./engine_suite.ts";

const CHANNELS = ["a", "b", "c"];

/** One step: somebody publishes, time passes, or somebody asks. */
type Step =
  | { publish: string; size: number }
  | { pass: number }
  | { restart: true }
  | { ask: string[]; from: "id"; share: number }
  | { ask: string[]; from: "age"; age: number }
  | { ask: string[]; from: "all" };

const asked = fc.subarray(CHANNELS, { minLength: 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ publish: fc.constantFrom("a", "a", "b", "c"), size: fc.nat(40) }),
  },
  { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 1, arbitrary: fc.constant({ restart: true } as const) },
  {
    weight: 4,
    arbitrary: fc.record({ ask: asked, from: fc.constant("id" as const), share: fc.nat(100) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      ask: asked,
      from: fc.constant("age" as const),
      age: fc.integer({ min: 1, max: 300 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ ask: asked, from: fc.constant("all" as const) }) },
);

/** Limits so small that each of them bites, as shares that the engine's own costs are put to. */
const limits = fc.record({
  history: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant(ROOMY.history)),
  historyAge: fc.oneof(fc.integer({ min: 50, max: 200 }), fc.constant(ROOMY.historyAge)),
  messages: fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constant(10_000)),
});

/** Everything that was ever published, and what was seen of the engine. */
class Model {
  readonly messages: { channel: string; seq: number; id: string; time: number }[] = [];
  time = 0;
  /** For each channel the number of the last message over all, when it was last seen without memory. */
  readonly forgottenAt = new Map<string, number>(CHANNELS.map((c) => [c, 0]));

  constructor(readonly origin: string) {}

  get last(): { id: string; seq: number } {
    return this.messages.at(-1) ?? { id: this.origin, seq: 0 };
  }

  took(channel: string, id: string): void {
    this.messages.push({ channel, seq: this.messages.length + 1, id, time: this.time });
  }

  /** What came after a point. */
  after(channel: string, from: { seq: number } | { age: number } | "all") {
    return this.messages.filter((m) =>
      m.channel === channel &&
      (from === "all" || ("seq" in from ? m.seq > from.seq : m.time > this.time - from.age))
    );
  }

  /** Notes which channels the engine has forgotten. */
  async look({ engine }: TestEngine): Promise<void> {
    await engine.history(CHANNELS, undefined);
    for (const channel of CHANNELS) {
      if (await engine.last(channel) === undefined) this.forgottenAt.set(channel, this.last.seq);
    }
  }
}

async function run(create: CreateEngine, limits: Partial<Limits>, steps: Step[]): Promise<void> {
  await using tested = await create(limits);
  const heard: string[] = [];
  const hear = () => listen(tested.engine, (message) => heard.push(message.id));
  hear();
  const model = new Model((await tested.engine.history([], undefined)).open);
  for (const step of steps) {
    if ("publish" in step) {
      const { id } = await tested.engine.publish(draft(step.publish, "x".repeat(step.size)), 0);
      model.took(step.publish, id);
    } else if ("pass" in step) {
      await tested.pass(step.pass);
      model.time += step.pass;
    } else if ("restart" in step) {
      // Of an engine that does not survive there is nothing to ask.
      await tested.restart?.();
      hear();
    } else {
      await ask(tested, model, step);
    }
    await model.look(tested);
  }
  assertEquals(heard, model.messages.map((m) => m.id));
}

async function ask(
  { engine }: TestEngine,
  model: Model,
  step: Extract<Step, { ask: string[] }>,
): Promise<void> {
  let since: Since, from: Parameters<Model["after"]>[1];
  if (step.from === "id") {
    const seq = Math.round(step.share * model.last.seq / 100);
    const [epoch] = model.origin.split(".");
    const number = Number((model.messages[seq - 1]?.id ?? model.origin).split(".")[1]);
    since = { from: "cursor", cursor: { epoch: epoch!, seq: number } };
    from = { seq };
  } else if (step.from === "age") {
    since = { from: "age", age: step.age };
    from = step;
  } else {
    since = { from: "all" };
    from = "all";
  }
  const { open, lost, messages } = await engine.history(step.ask, since);
  assertEquals(open, model.last.id);
  const ids = messages.map((m) => m.id);
  assertEquals(ids, model.messages.map((m) => m.id).filter((id) => ids.includes(id)), "order");
  for (const channel of step.ask) {
    const wanted = model.after(channel, from).map((m) => m.id);
    const got = messages.filter((m) => m.channel === channel).map((m) => m.id);
    // What is there is the newest of what is wanted, without a hole.
    assertEquals(got, got.length === 0 ? [] : wanted.slice(-got.length));
    const whole = got.length === wanted.length;
    if (!whole) assertEquals(lost.get(channel), "expired", `${channel} lacks messages`);
    else if (typeof from === "object" && "seq" in from && lost.has(channel)) {
      assert(model.forgottenAt.get(channel)! > from.seq, `${channel} claims a gap and has none`);
    }
  }
}

/** Tests that an answer is whole, or says that it is not. */
export function gapSuite(test: Test, name: string, create: CreateEngine, runs = 300): void {
  test(`${name} tells of a gap wherever a model misses something, and of none elsewhere`, async () => {
    await using probe = await create();
    const each = probe.cost(draft("a", "x".repeat(20)));
    await fc.assert(
      fc.asyncProperty(
        limits,
        fc.array(step, { maxLength: 80, size: "max" }),
        async (limits, steps) => {
          const { history, historyAge, messages } = limits;
          await run(create, { history, historyAge, historyBytes: messages * each }, steps);
        },
      ),
      { numRuns: runs },
    );
  });
}

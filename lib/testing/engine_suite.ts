/**
 * What every engine keeps to: order, memory, cursors and the truth about gaps.
 * @module
 */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { type Loss, parseSince, type Since } from "../hub/cursor.ts";
import type { Engine, History } from "../hub/engine.ts";
import type { Draft, Message } from "../hub/message.ts";

/** How much an engine under test remembers. */
export interface Limits {
  /** Messages per channel. */
  history: number;
  /** Their age, in ms. */
  historyAge: number;
  /** All channels together, in bytes as {@linkcode TestEngine.cost} counts them. */
  historyBytes: number;
}

/** An engine under test. */
export interface TestEngine extends AsyncDisposable {
  /** It. */
  engine: Engine;
  /** Moves its time on. */
  pass(ms: number): void | Promise<void>;
  /** Ends the engine and begins anew with what it has kept; where it keeps nothing, there is no such thing. */
  restart?(): Promise<void>;
  /** What a message counts against `historyBytes`. */
  cost(draft: Draft): number;
}

/** Registers a test, as `Deno.test` does, and `test` of `node:test`. */
export type Test = (name: string, run: () => Promise<void>) => void;

/** Makes an engine that remembers nothing yet, with limits that differ from {@linkcode ROOMY}. */
export type CreateEngine = (limits?: Partial<Limits>) => Promise<TestEngine>;

/** Limits that no test reaches by accident. */
export const ROOMY: Limits = { history: 1000, historyAge: 600_000, historyBytes: 64 << 20 };

const encoder = new TextEncoder();

/** A text to publish. */
export function draft(channel: string, text = ""): Draft {
  return { channel, kind: "text", body: encoder.encode(text) };
}

/** The point after a message. */
export function after(id: string): Since {
  const since = parseSince(id);
  if (since?.from !== "cursor") throw new Error(`${id} is no id`);
  return since;
}

/** What a message is, in a word: its channel and its text. */
export function word({ channel, body }: Message): string {
  return `${channel}:${new TextDecoder().decode(body)}`;
}

/** Hears every message; a loss would fail the test. */
export function listen(engine: Engine, message: (message: Message) => void): void {
  const lost = (reason: Loss) => {
    throw new Error(`lost: ${reason}`);
  };
  engine.listen({ message, lost, reachable: () => {} });
  // Of an engine in another thread one hears only of channels that somebody subscribes to.
  for (const channel of ["a", "b", "c", "d"]) engine.interest?.(channel, 1);
}

/** Publishes texts written `channel:text`, one after another. Gives their ids. */
export async function publishAll(engine: Engine, ...words: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const each of words) {
    const [channel, text] = each.split(":");
    ids.push((await engine.publish(draft(channel!, text), 0)).id);
  }
  return ids;
}

/** What an answer holds, so that it can be compared. */
function told({ lost, messages }: History): { lost: Record<string, Loss>; messages: string[] } {
  return { lost: Object.fromEntries(lost), messages: messages.map(word) };
}

const all: Since = { from: "all" };

/** Tests what every engine keeps to, but for limits and idempotency, which have suites of their own. */
export function engineSuite(test: Test, name: string, create: CreateEngine): void {
  test(`${name} numbers messages over all channels, in one epoch`, async () => {
    await using tested = await create();
    const ids = await publishAll(tested.engine, "a:1", "b:2", "a:3");
    const { open, seq, messages } = await tested.engine.history(["a", "b"], all);
    const [epoch] = open.split(".");
    assertEquals(ids.map((id) => id.split(".")[0]), [epoch, epoch, epoch]);
    const numbers = ids.map((id) => Number(id.split(".")[1]));
    assertEquals(numbers, numbers.toSorted((a, b) => a - b));
    assertEquals(new Set(numbers).size, 3);
    assertEquals(messages.map((m) => m.id), ids);
    assertEquals([open, seq], [ids[2], numbers[2]]);
  });

  test(`${name} gives an id that parses before the first message, too`, async () => {
    await using tested = await create();
    const { open } = await tested.engine.history(["a"], undefined);
    await publishAll(tested.engine, "a:1");
    assertEquals(told(await tested.engine.history(["a"], after(open))), {
      lost: {},
      messages: ["a:1"],
    });
  });

  test(`${name} is another life each time it is made`, async () => {
    await using one = await create();
    await using other = await create();
    const [id] = await publishAll(one.engine, "a:1");
    const [otherId] = await publishAll(other.engine, "a:2");
    assertNotEquals(id!.split(".")[0], otherId!.split(".")[0]);
    assertEquals(told(await other.engine.history(["a"], after(id!))), {
      lost: { a: "epoch" },
      messages: ["a:2"],
    });
  });

  test(`${name} keeps what was published, byte by byte`, async () => {
    await using tested = await create();
    const body = Uint8Array.from({ length: 256 }, (_, i) => i);
    const shared = new Uint8Array([9, ...body, 9]);
    await tested.engine.publish({ channel: "a", kind: "binary", body }, 0);
    await tested.engine.publish({ channel: "a", kind: "json", body: encoder.encode("[1]") }, 0);
    await tested.engine.publish({ channel: "a", kind: "binary", body: shared.subarray(1, 257) }, 0);
    const { messages } = await tested.engine.history(["a"], all);
    assertEquals(messages.map((m) => m.kind), ["binary", "json", "binary"]);
    assertEquals(messages.map((m) => m.body), [body, encoder.encode("[1]"), body]);
  });

  test(`${name} answers after an id, for all, for an age and for nothing`, async () => {
    await using tested = await create();
    const { engine } = tested;
    const [first] = await publishAll(engine, "a:1");
    await tested.pass(1000);
    await publishAll(engine, "b:2", "a:3");
    await tested.pass(1000);
    const last = (await publishAll(engine, "a:4"))[0]!;
    const rows: [Since | undefined, string[]][] = [
      [after(first!), ["a:3", "a:4"]],
      [after(last), []],
      [all, ["a:1", "a:3", "a:4"]],
      [{ from: "age", age: 1 }, ["a:4"]],
      [{ from: "age", age: 1001 }, ["a:3", "a:4"]],
      [{ from: "age", age: 600_000 }, ["a:1", "a:3", "a:4"]],
      [undefined, []],
    ];
    for (const [since, messages] of rows) {
      const history = await engine.history(["a"], since);
      assertEquals(told(history), { lost: {}, messages }, JSON.stringify(since));
      assertEquals(history.open, last);
    }
  });

  test(`${name} merges channels in the order of publishing, each message once`, async () => {
    await using tested = await create();
    const words = Array.from({ length: 60 }, (_, i) => `${"abc"[i * i % 3]}:${i}`);
    const ids = await publishAll(tested.engine, ...words);
    const history = await tested.engine.history(["c", "a", "b", "a"], after(ids[19]!));
    assertEquals(told(history), { lost: {}, messages: words.slice(20) });
  });

  test(`${name} takes the id of one channel as a cursor of another`, async () => {
    await using tested = await create();
    const [, id] = await publishAll(tested.engine, "a:1", "b:2", "a:3", "b:4");
    assertEquals(told(await tested.engine.history(["a"], after(id!))), {
      lost: {},
      messages: ["a:3"],
    });
  });

  test(`${name} keeps the newest where there is a limit`, async () => {
    await using tested = await create();
    await publishAll(tested.engine, "a:1", "b:2", "a:3", "b:4");
    const newest = async (limit: number) =>
      told(await tested.engine.history(["a", "b"], all, limit)).messages;
    assertEquals(await newest(1), ["b:4"]);
    assertEquals(await newest(3), ["b:2", "a:3", "b:4"]);
    assertEquals(await newest(4), ["a:1", "b:2", "a:3", "b:4"]);
    assertEquals(await newest(5), ["a:1", "b:2", "a:3", "b:4"]);
  });

  test(`${name} gives the newest so many of each channel, and says nothing of what was before`, async () => {
    await using tested = await create({ history: 3 });
    await publishAll(tested.engine, "a:1", "a:2", "b:3", "a:4", "b:5", "a:6");
    const rows: [count: number, messages: string[]][] = [
      [1, ["b:5", "a:6"]],
      [2, ["b:3", "a:4", "b:5", "a:6"]],
      [3, ["a:2", "b:3", "a:4", "b:5", "a:6"]],
      [1000, ["a:2", "b:3", "a:4", "b:5", "a:6"]],
    ];
    for (const [count, messages] of rows) {
      const history = await tested.engine.history(["a", "b", "c"], { from: "newest", count });
      assertEquals(told(history), { lost: {}, messages }, String(count));
    }
  });

  test(`${name} keeps who published, and tells the listener`, async () => {
    await using tested = await create();
    const heard: (string | undefined)[] = [];
    listen(tested.engine, (message) => heard.push(message.sender));
    const senders = ["s".repeat(128), undefined, "!~"];
    for (const sender of senders) {
      await tested.engine.publish({ ...draft("a"), sender }, 0, sender);
    }
    const { messages } = await tested.engine.history(["a"], all);
    assertEquals([heard, messages.map((m) => m.sender)], [senders, senders]);
  });

  test(`${name} says unknown of an id of the future, and gives what it remembers`, async () => {
    await using tested = await create();
    const [id] = await publishAll(tested.engine, "a:1");
    const [epoch, seq] = id!.split(".");
    const history = await tested.engine.history(["a", "b"], after(`${epoch}.${Number(seq) + 1}`));
    assertEquals(told(history), { lost: { a: "unknown", b: "unknown" }, messages: ["a:1"] });
  });

  test(`${name} knows the last id of a channel`, async () => {
    await using tested = await create();
    const [a, b] = await publishAll(tested.engine, "a:1", "b:2");
    const last = await Promise.all(["a", "b", "c"].map((c) => tested.engine.last(c)));
    assertEquals(last, [a, b, undefined]);
  });

  test(`${name} tells the listener each message in order, before publish resolves`, async () => {
    await using tested = await create();
    const heard: string[] = [];
    listen(tested.engine, (message) => heard.push(message.id));
    const receipts = Array.from({ length: 200 }, async (_, i) => {
      const { id } = await tested.engine.publish(draft("abc"[i % 3]!, String(i)), 0);
      assert(heard.includes(id));
      return id;
    });
    assertEquals(heard, await Promise.all(receipts));
  });

  test(`${name} tells the listener nothing once it is closed`, async () => {
    await using tested = await create();
    const heard: string[] = [];
    listen(tested.engine, (message) => heard.push(word(message)));
    await publishAll(tested.engine, "a:1");
    await tested.engine.close();
    await publishAll(tested.engine, "a:2").catch(() => {});
    assertEquals(heard, ["a:1"]);
  });
}

/** Subscribers who only want the newest: what waits for them while they are slow. */
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { Message, weight } from "../../lib/hub/message.ts";
import { Backlog, Kept } from "../../lib/net/backlog.ts";
import { Count } from "../../lib/net/counts.ts";
import { Latest, type Outgoing, SLOW } from "../../lib/service/latest.ts";
import { ask, EventStream, post, Subscriber } from "../tools/channels.ts";
import { channelTest, type StartService } from "../tools/engines.ts";
import { scrape } from "../tools/scrape.ts";
import { testService } from "../tools/service.ts";

/** A connection whose peer reads when it is told to. */
class Pipe implements Outgoing {
  open = true;
  bufferedAmount = 0;
  maxBuffered = 1 << 20;
  readonly counts = new Float64Array(Count.end);
  readonly kept = new Kept(new Backlog(this.counts));
  #waiting: (() => void)[] = [];

  drained(amount: number): Promise<void> {
    if (this.bufferedAmount <= amount) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The peer has taken all but so much, or is gone. */
  async left(amount: number): Promise<void> {
    this.bufferedAmount = amount;
    for (const resolve of this.#waiting.splice(0)) resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** What somebody is sent, each with how many were left out before it. */
function onPipe(): { pipe: Pipe; latest: Latest; sent: string[]; publish(channel: string): void } {
  const pipe = new Pipe(), sent: string[] = [];
  let seq = 0;
  const latest = new Latest(pipe, ({ channel, seq, body }, skipped) => {
    sent.push(`${channel}${seq}${skipped > 0 ? ` after ${skipped}` : ""}`);
    pipe.bufferedAmount += body.length;
  });
  const publish = (channel: string) => {
    const body = new Uint8Array(1000);
    latest.deliver(new Message({ channel, kind: "text", body }, { epoch: "e", seq: ++seq }, 0));
  };
  return { pipe, latest, sent, publish };
}

Deno.test("Latest leaves nothing out while 64 KiB wait, and with a byte more all but the newest", async () => {
  const { pipe, sent, publish } = onPipe();
  pipe.bufferedAmount = SLOW;
  publish("a");
  assertEquals(sent, ["a1"]);
  pipe.bufferedAmount = SLOW + 1;
  for (let i = 0; i < 3; i++) publish("a");
  assertEquals(sent, ["a1"]);
  await pipe.left(SLOW + 1);
  assertEquals(sent, ["a1"]);
  await pipe.left(SLOW);
  assertEquals(sent, ["a1", "a4 after 2"]);
});

Deno.test("Latest keeps one message of each channel, and the order of those that are sent", async () => {
  const { pipe, sent, publish } = onPipe();
  pipe.bufferedAmount = SLOW + 1;
  for (const channel of ["a", "b", "a", "c", "b"]) publish(channel);
  const one = weight({ body: new Uint8Array(1000) });
  assertEquals(pipe.counts[Count.held], 3 * one);
  await pipe.left(0);
  assertEquals(sent, ["a3 after 1", "c4", "b5 after 1"]);
  assertEquals(pipe.counts[Count.held], 0);
  // What was left out was told: from here on it counts anew.
  pipe.bufferedAmount = SLOW + 1;
  publish("a");
  publish("a");
  await pipe.left(0);
  assertEquals(sent.slice(3), ["a7 after 1"]);
});

Deno.test("Latest sends no more than fits, and what comes meanwhile waits behind the rest", async () => {
  const { pipe, sent, publish } = onPipe();
  pipe.bufferedAmount = SLOW + 1;
  for (const channel of ["a", "b", "c"]) publish(channel);
  await pipe.left(SLOW - 500);
  assertEquals(sent, ["a1"]);
  publish("a");
  publish("b");
  await pipe.left(SLOW - 1500);
  assertEquals(sent, ["a1", "c3", "a4"]);
  await pipe.left(0);
  assertEquals(sent, ["a1", "c3", "a4", "b5 after 1"]);
});

Deno.test("Latest says what is no message in its turn, and never leaves it out", async () => {
  const { pipe, latest, sent, publish } = onPipe();
  latest.say(() => sent.push("first"));
  pipe.bufferedAmount = SLOW + 1;
  publish("a");
  latest.say(() => sent.push("second"));
  latest.say(() => sent.push("third"));
  publish("b");
  publish("a");
  await pipe.left(0);
  assertEquals(sent, ["first", "second", "third", "b2", "a3 after 1"]);
});

Deno.test("who is slow and only wants the newest is told who is there once more, not what has changed", async () => {
  const { pipe, latest, sent, publish } = onPipe();
  let state = 0;
  const change = () => {
    const now = ++state;
    latest.sayState("a state", () => sent.push(`change ${now}`), () => sent.push(`all ${state}`));
  };
  change();
  pipe.bufferedAmount = SLOW + 1;
  publish("a");
  for (let i = 0; i < 1000; i++) change();
  publish("b");
  change();
  assertEquals(sent, ["change 1"]);
  await pipe.left(0);
  assertEquals(sent, ["change 1", "a1", "b2", "all 1002"]);
  change();
  assertEquals(sent.at(-1), "change 1003");
});

Deno.test("Latest lifts the limit of the queue, is slow at a lower one, and lets go of all at the end", async () => {
  const pipe = new Pipe();
  pipe.maxBuffered = 100;
  const latest = new Latest(pipe, () => pipe.bufferedAmount++);
  assertEquals(pipe.maxBuffered, Infinity);
  const message = (seq: number) =>
    new Message({ channel: "a", kind: "text", body: new Uint8Array(9) }, { epoch: "e", seq }, 0);
  pipe.bufferedAmount = 100;
  latest.deliver(message(1));
  latest.deliver(message(2));
  assertEquals([pipe.bufferedAmount, pipe.counts[Count.held]! > 0], [101, true]);
  pipe.open = false;
  await pipe.left(0);
  assertEquals([pipe.bufferedAmount, pipe.counts[Count.held]], [0, 0]);
});

Deno.test("Latest sends all that waits where it will be closed", async () => {
  const { pipe, latest, sent, publish } = onPipe();
  pipe.bufferedAmount = SLOW + 1;
  for (const channel of ["a", "b", "a"]) publish(channel);
  latest.say(() => sent.push("bye"));
  latest.flush();
  assertEquals(sent, ["b2", "a3 after 1", "bye"]);
  assertEquals(pipe.counts[Count.held], 0);
  await pipe.left(0);
  assertEquals(sent.length, 3);
});

const SIZE = 128 * 1024;
/** So many that no system's buffers take them all for who does not read. */
const COUNT = 160;

/** Publishes to two channels in turn, in messages that say their number. */
async function flood(service: Awaited<ReturnType<StartService>>): Promise<void> {
  for (let i = 0; i < COUNT; i++) {
    const channel = i % 2 === 0 ? "a" : "b";
    await post(service, channel, `${i} `.padEnd(SIZE, "."));
  }
}

/** Checks that of each channel the newest came, in order, and that what was left out was said. */
async function follows(next: () => Promise<Record<string, unknown>>): Promise<void> {
  const counted: Record<string, number> = { a: 0, b: 0 };
  let last = -1, received = 0;
  while (last < COUNT - 1) {
    const { ch, data, skipped = 0 } = await next();
    const number = parseInt(String(data));
    assertGreater(number, last);
    last = number;
    received++;
    counted[String(ch)]! += 1 + Number(skipped);
    // Nothing is left out that is not said: so many there were up to here.
    assertEquals(counted[String(ch)], Math.floor(number / 2) + 1);
  }
  assertEquals(counted, { a: COUNT / 2, b: COUNT / 2 });
  assertLess(received, COUNT);
}

const LIMITS = ["--max-buffered", "16KiB", "--drain", "50ms"];

channelTest(
  "who is slow and only wants the newest has it, and hears how many were left out",
  async (start) => {
    await using service = await start(...LIMITS);
    using slow = await Subscriber.open(service, "/a,b?slow=latest");
    assertEquals((await slow.json()).channels, ["a", "b"]);
    using events = await EventStream.open(service, "/a,b?slow=latest");
    assertEquals((await events.next()).data.channels, ["a", "b"]);
    await flood(service);
    assertLess((await scrape(service)).value("kodama_queue_memory_bytes"), 7 * SIZE);
    await follows(() => slow.json());
    await follows(async () => (await events.next()).data);
    await post(service, "a", "after");
    assertEquals((await slow.json()).data, "after");
    const { id, data } = await events.next();
    assertEquals([data.data, data.skipped, data.id], ["after", undefined, id]);
  },
);

channelTest(
  "raw, who only wants the newest has it, and is not told what was left out",
  async (start) => {
    await using service = await start(...LIMITS);
    using slow = await Subscriber.open(service, "/a?slow=latest");
    await flood(service);
    const numbers: number[] = [];
    while (numbers.at(-1) !== COUNT - 2) numbers.push(parseInt(await slow.text()));
    assertEquals(numbers, numbers.toSorted((a, b) => a - b));
    assertLess(numbers.length, COUNT / 2);
  },
);

channelTest(
  "who comes back and only wants the newest is told what is left out of what was missed",
  async (start) => {
    await using service = await start(...LIMITS);
    await flood(service);
    using slow = await Subscriber.open(service, "/a,b?since=all&slow=latest");
    assertEquals((await slow.json()).gap, false);
    // The answer waits behind what was missed, however much of that is left out.
    await slow.say({ unsub: "b" });
    let number = -1;
    for (;;) {
      const said = await slow.json();
      if ("unsub" in said) break;
      assertGreater(parseInt(said.data), number);
      number = parseInt(said.data);
    }
    assertEquals(number, COUNT - 1);
  },
);

Deno.test("who only wants the newest has it before the server ends", async () => {
  const service = await testService(...LIMITS, "--drain", "3s");
  using slow = await Subscriber.open(service, "/a,b?slow=latest");
  using events = await EventStream.open(service, "/a?slow=latest");
  assertEquals((await slow.json()).channels, ["a", "b"]);
  await events.next();
  await flood(service);
  const ending = service.shutdown();
  await follows(() => slow.json());
  assertEquals(await slow.closed(), "1001 shutting down");
  let last = "";
  while (parseInt(last) !== COUNT - 2) last = (await events.next()).data.data;
  assertEquals(await events.block(), undefined);
  assertEquals(events.ended, true);
  await ending;
});

Deno.test("who only wants the newest is closed for making no progress, and for nothing less", async () => {
  await using service = await testService(...LIMITS, "--write-timeout", "500ms");
  using _slow = await Subscriber.open(service, "/a?slow=latest");
  await flood(service);
  const line = await service.log.line(({ message }) => message === "ended abnormally");
  assertEquals([line.fields.code, line.fields.reason], [1013, "reading too slowly"]);
  const found = await scrape(service);
  const slow = (limit: string) => found.value("kodama_slow_consumers_total", { limit });
  assertEquals([slow("write-timeout"), slow("max-buffered")], [1, 0]);
});

Deno.test("?slow= takes latest and nothing else", async () => {
  await using service = await testService();
  for (const slow of ["", "newest", "LATEST"]) {
    const fields = { Accept: "text/event-stream" };
    const { status, body } = await ask(service, `GET /a?slow=${slow}`, fields);
    assertEquals([status, body], [400, "slow is not latest\n"]);
  }
});

/** What waits for all connections together: what it counts, and who goes first where it is too much. */
import { setImmediate } from "node:timers";
import { assertEquals } from "@std/assert";
import { Backlog, type Holder, Kept } from "../../lib/net/backlog.ts";
import { Clock } from "../../lib/net/clock.ts";
import { Count } from "../../lib/net/counts.ts";
import { Outbox } from "../../lib/net/outbox.ts";
import { encodeFrame, Opcode } from "../../lib/websocket/frame.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A backlog with a limit, and what it has ended. */
function limited(most: number, threads = 1, others = 0) {
  const counts = new Float64Array(Count.end);
  const total = () => counts[Count.held]! + others;
  const backlog = new Backlog(counts, { most, threads, total });
  const ended: string[] = [];
  /** Somebody for whom so much waits. */
  const holder = (name: string, weight: number): Holder => {
    const one = {
      weight,
      overflow() {
        ended.push(name);
        backlog.own(-one.weight);
        one.weight = 0;
      },
    };
    backlog.add(one);
    backlog.own(weight);
    return one;
  };
  return { backlog, ended, holder, held: () => counts[Count.held]! };
}

Deno.test("Backlog ends nobody at its limit, and with one byte more the one with the most", async () => {
  const { backlog, ended, holder, held } = limited(100);
  holder("a", 20);
  const b = holder("b", 50);
  holder("c", 30);
  await turn();
  assertEquals(ended, []);
  backlog.own(1);
  // Not in the midst of what is said to others.
  assertEquals(ended, []);
  await turn();
  assertEquals([ended, held(), b.weight], [["b"], 51, 0]);
});

Deno.test("Backlog ends as many as it must, the largest first, and none that holds nothing", async () => {
  const { ended, holder, held } = limited(100);
  for (const [name, weight] of [["a", 40], ["b", 130], ["c", 60], ["d", 10], ["e", 0]] as const) {
    holder(name, weight);
  }
  await turn();
  assertEquals([ended, held()], [["b", "c"], 50]);
});

Deno.test("Backlog ends nobody in a thread that holds less than its part, and somebody in one that holds more", async () => {
  const small = limited(100, 2, 80);
  small.holder("a", 50);
  await turn();
  assertEquals(small.ended, []);
  const large = limited(100, 2, 80);
  large.holder("a", 51);
  await turn();
  assertEquals(large.ended, ["a"]);
  // Where all together hold less, a thread may hold more than its part.
  const alone = limited(100, 2, 20);
  alone.holder("a", 80);
  await turn();
  assertEquals(alone.ended, []);
});

Deno.test("Backlog looks again where only others have taken more", () => {
  const counts = new Float64Array(Count.end);
  let others = 20;
  const limits = { most: 100, threads: 2, total: () => counts[Count.held]! + others };
  const backlog = new Backlog(counts, limits), ended: string[] = [];
  backlog.add({ weight: 60, overflow: () => ended.push("a") });
  counts[Count.held] = 60;
  backlog.look();
  assertEquals(ended, []);
  others = 41;
  backlog.look();
  assertEquals(ended, ["a"]);
});

Deno.test("what many connections wait for counts once, until the last has it", () => {
  const { backlog, held } = limited(1e9);
  const frame = new Uint8Array(1000), other = new Uint8Array(1000);
  const shares = [1, 2, 3].map(() => backlog.hold(frame, 1000));
  const second = backlog.hold(other, 1000);
  shares.push(backlog.hold(frame, 1000));
  assertEquals([held(), shares[0]!.holders], [2000, 4]);
  for (const share of shares.slice(1)) backlog.release(share);
  assertEquals(held(), 2000);
  backlog.release(shares[0]!);
  backlog.release(second);
  assertEquals(held(), 0);
});

Deno.test("what is kept for later counts with the rest, each thing once for each connection", () => {
  const { backlog, held } = limited(1e9);
  const [a, b] = [new Kept(backlog), new Kept(backlog)];
  const [x, y] = [{}, {}];
  a.add(x, 100);
  a.add(x, 100);
  a.add(y, 10);
  b.add(x, 100);
  assertEquals([held(), a.weight, b.weight], [110, 60, 50]);
  a.delete(x);
  a.delete(x);
  assertEquals([held(), a.weight, b.weight], [110, 10, 100]);
  b.clear();
  a.clear();
  b.delete(x);
  assertEquals([held(), a.weight, b.weight], [0, 0, 0]);
});

/** A peer that takes bytes when it is told to. */
class Peer {
  readonly #waiting: ((count: number) => void)[] = [];
  #broken: ((error: Error) => void) | undefined;

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push((count) => resolve(Math.min(count, bytes.length)));
      this.#broken = reject;
    });
  }

  async take(count = Infinity): Promise<void> {
    this.#waiting.shift()!(count);
    await turn();
    await turn();
  }

  async leave(): Promise<void> {
    this.#broken!(new Deno.errors.BrokenPipe());
    await turn();
  }
}

/** So many outboxes on peers that take nothing by themselves. */
async function onOutboxes(
  count: number,
  test: (outboxes: Outbox[], peers: Peer[], held: () => number) => Promise<void>,
): Promise<void> {
  const clock = new Clock(1000), { backlog, held } = limited(1e9);
  const peers = Array.from({ length: count }, () => new Peer());
  try {
    await test(peers.map((peer) => new Outbox(peer, clock, backlog)), peers, held);
    assertEquals(held(), 0);
  } finally {
    clock.stop();
  }
}

const large = encodeFrame(Opcode.Binary, new Uint8Array(100_000));
const small = encodeFrame(Opcode.Binary, new Uint8Array(5000));

Deno.test("an encoded frame is held once, however many connections it waits for", () =>
  onOutboxes(3, async (outboxes, peers, held) => {
    for (const outbox of outboxes) outbox.bytes(large);
    assertEquals(held(), large.length);
    await turn();
    // It is held until the last byte of it has left.
    await peers[0]!.take(large.length - 1);
    assertEquals([held(), outboxes[0]!.bufferedAmount], [large.length, 1]);
    assertEquals(Math.round(outboxes[0]!.weight), Math.round(large.length / 3));
    await peers[0]!.take();
    assertEquals([held(), outboxes[0]!.weight], [large.length, 0]);
    await peers[1]!.take();
    assertEquals(outboxes[2]!.weight, large.length);
    await peers[2]!.take();
  }));

Deno.test("what an outbox copies it holds alone, whatever it is joined to", () =>
  onOutboxes(2, async (outboxes, peers, held) => {
    for (const outbox of outboxes) outbox.bytes(small);
    assertEquals(held(), small.length);
    outboxes[0]!.frame(0x82, new Uint8Array(10));
    assertEquals([held(), outboxes[0]!.weight], [2 * small.length + 12, small.length + 12]);
    outboxes[0]!.bytes(large);
    outboxes[0]!.bytes(small);
    assertEquals(held(), 3 * small.length + 12 + large.length);
    await turn();
    await peers[0]!.take();
    assertEquals(held(), 2 * small.length + large.length);
    await peers[0]!.take();
    await peers[0]!.take();
    assertEquals(held(), small.length);
    await peers[1]!.take();
  }));

Deno.test("discard() leaves only what is being written, abandon() nothing, and a peer that is gone nothing", () =>
  onOutboxes(2, async ([one, two], peers, held) => {
    for (const outbox of [one!, two!]) {
      outbox.bytes(large);
      outbox.flush();
      outbox.bytes(small);
      outbox.frame(0x82, new Uint8Array(50_000));
      outbox.bytes(large.slice());
    }
    one!.discard();
    assertEquals(one!.weight, large.length / 2);
    one!.frame(0x88, new Uint8Array(2));
    one!.abandon();
    assertEquals(one!.weight, 0);
    assertEquals(two!.weight, held());
    await peers[1]!.leave();
    assertEquals([two!.weight, held()], [0, 0]);
    await peers[0]!.leave();
  }));

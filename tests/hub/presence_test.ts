/**
 * Who is there over several ends, at a time that only the test moves.
 */
import { assert, assertEquals } from "@std/assert";
import { BEAT, PATIENCE, SILENT } from "../../lib/hub/bus.ts";
import { LINGER } from "../../lib/hub/room.ts";
import { KEEP } from "../../lib/hub/presence.ts";
import { type End, type Watcher, World } from "./presence_ends.ts";

function ends(count: number): { world: World; all: End[] } {
  const world = new World();
  return { world, all: Array.from({ length: count }, () => world.begin()) };
}

function subs({ members }: Watcher): string[] {
  return [...members.keys()].sort();
}

Deno.test("who leaves and comes back within the time did not leave; a moment later it did", () => {
  const { world, all: [a, b] } = ends(2);
  const watcher = a!.watch("room");
  let leave = b!.connect("room", "ann");
  world.turn();
  leave();
  world.pass(LINGER - 250);
  leave = a!.connect("room", "ann");
  world.pass(2 * LINGER);
  assertEquals(watcher.changes.map(({ join, leave }) => [join.length, leave.length]), [[1, 0]]);
  leave();
  world.turn();
  world.pass(LINGER - 250);
  assertEquals(subs(watcher), ["ann"]);
  world.pass(250);
  assertEquals(watcher.changes.at(-1), {
    channel: "room",
    join: [],
    leave: ["ann"],
    occupied: false,
  });
});

Deno.test("a member joins with the first connection at any end, and leaves with the last", () => {
  const { world, all } = ends(3);
  const watcher = all[0]!.watch("room");
  world.turn();
  const leave = all.map((end) => end.connect("room", "ann", { name: "Ann" }));
  leave.push(all[1]!.connect("room", "ann"));
  world.turn();
  assertEquals(watcher.changes.map(({ join }) => join), [[{ sub: "ann", info: { name: "Ann" } }]]);
  for (const each of leave) {
    assertEquals(subs(watcher), ["ann"]);
    each();
    world.turn();
    world.pass(LINGER);
  }
  assertEquals(subs(watcher), []);
});

Deno.test("all joins and leaves of one turn are one change", () => {
  const { world, all: [a, b] } = ends(2);
  const watcher = a!.watch("room");
  const gone = [1, 2].map((i) => b!.connect("room", `old${i}`));
  world.turn();
  for (const leave of gone) leave();
  world.turn();
  for (let i = 0; i < 500; i++) b!.connect("room", `new${i}`);
  // In one turn as well.
  b!.connect("room", "flash")();
  world.turn();
  assertEquals(watcher.changes.map(({ join, leave }) => [join.length, leave.length]), [
    [2, 0],
    // In portions that NATS takes.
    ...watcher.changes.slice(1).map(({ join, leave }) => [join.length, leave.length]),
  ]);
  world.pass(LINGER);
  assertEquals(watcher.members.size, 500);
  assert(watcher.changes.length <= 3, `${watcher.changes.length} changes`);
});

Deno.test("an end that is silent is gone, and nobody is there by it; it is heard of again as it was", () => {
  const { world, all: [a, b] } = ends(2);
  const watcher = a!.watch("room");
  b!.connect("room", "ann");
  world.turn();
  world.loses = () => true;
  world.pass(SILENT);
  assertEquals([a!.bus.peers.length, subs(watcher)], [1, ["ann"]]);
  world.pass(BEAT + LINGER);
  assertEquals([a!.bus.peers.length, subs(watcher)], [0, []]);
  assert(SILENT + BEAT + LINGER < 30_000);
  world.loses = () => false;
  world.pass(BEAT + 2000);
  assertEquals([a!.bus.peers.length, subs(watcher)], [1, ["ann"]]);
});

Deno.test("an end that says that it leaves takes its members with it at once", () => {
  const { world, all: [a, b] } = ends(2);
  const watcher = a!.watch("room");
  b!.connect("room", "ann");
  world.turn();
  b!.bus.leave();
  world.turn();
  world.pass(LINGER);
  assertEquals([a!.bus.peers.length, subs(watcher)], [0, []]);
  b!.connect("room", "bob");
  world.pass(BEAT * 2);
  assertEquals([a!.bus.peers.length, subs(watcher)], [0, []]);
});

Deno.test("where nobody watches, ends only say that they are there", () => {
  const { world, all } = ends(3);
  for (const end of all) end.said.splice(0);
  const leave: (() => void)[] = [];
  for (let i = 0; i < 1000; i++) leave.push(all[i % 3]!.connect(`c${i % 10}`, `m${i}`));
  world.pass(BEAT);
  for (const each of leave) each();
  world.pass(BEAT);
  for (const { said, hub } of all) {
    assertEquals(said.filter((text) => !/ beat\n/.test(text)), []);
    assertEquals(hub.crowd, undefined);
  }
});

Deno.test("a channel is followed for a while after the last who watched it, and then costs nothing again", () => {
  const { world, all: [a, b] } = ends(2);
  const watcher = a!.watch("room");
  b!.connect("room", "ann");
  world.turn();
  watcher.watch.stop();
  b!.said.splice(0);
  world.pass(KEEP - 1000);
  assertEquals(subs(a!.watch("room")), []);
  world.turn();
  const again = a!.watch("room");
  world.turn();
  assertEquals(subs(again), ["ann"]);
  assertEquals(b!.said.filter((text) => !/ beat\n/.test(text)), []);
});

Deno.test("who begins to watch waits for all others, and no longer than for a while", async () => {
  const { world, all: [a, b] } = ends(3);
  b!.connect("room", "ann");
  let ready = 0;
  world.loses = (from) => from === b;
  const watch = a!.presence.watch("room", () => {});
  watch.ready.then(() => ready = world.now);
  const began = world.now;
  world.turn();
  await Promise.resolve();
  assertEquals(ready, 0);
  world.pass(PATIENCE);
  await watch.ready;
  assertEquals(ready - began, PATIENCE);
});

Deno.test("ten thousand members are told to who begins to watch in portions that NATS takes", () => {
  const { world, all: [a, b] } = ends(2);
  const info = { text: "x".repeat(1000) };
  for (let i = 0; i < 10_000; i++) b!.connect("room", `m${i}`, info);
  const watcher = a!.watch("room");
  world.turn();
  assertEquals(watcher.members.size, 10_000);
  assertEquals(watcher.changes.length < 200, true);
  const largest = Math.max(...b!.said.map((text) => text.length));
  assert(largest < 64 * 1024, `${largest} bytes at a time`);
  world.pass(5000);
  assertEquals([a!.bus.missed, b!.bus.missed], [0, 0]);
});

Deno.test("who is there is answered by all ends together, and by those that answer in time", async () => {
  const { world, all: [a, b, c] } = ends(3);
  for (const end of [a, b, b, c]) end!.connect("room", "ann", 1);
  b!.connect("room");
  c!.connect("room", "cy");
  const asked = a!.presence.who("room");
  world.turn();
  assertEquals(await asked, {
    connections: 6,
    members: [{ sub: "ann", connections: 4, info: 1 }, { sub: "cy", connections: 1 }],
  });
  world.loses = (from) => from === c;
  const late = a!.presence.who("room");
  world.pass(PATIENCE);
  assertEquals((await late).connections, 4);
});

Deno.test("of what one end does for all, the oldest does it, and the next when it is gone", () => {
  const { world, all } = ends(3);
  world.pass(BEAT);
  assertEquals(all.map(({ bus }) => bus.leads), [true, false, false]);
  world.kill(all[0]!);
  world.pass(SILENT + BEAT);
  assertEquals(all.slice(1).map(({ bus }) => bus.leads), [true, false]);
});

Deno.test("what nobody can read is said, and ends nothing", () => {
  const { all: [a, b] } = ends(2);
  const faults: unknown[] = [];
  a!.fault = (error) => faults.push(error);
  const texts = ["", "x", "1 e9 * beat", "x e9 * beat\nnull", "99 e002 * presence.want\n{"];
  for (const text of texts) a!.hear(text);
  assertEquals(faults.length, texts.length);
  assertEquals(a!.bus.peers, [b!.bus.origin]);
});

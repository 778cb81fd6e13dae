/**
 * Whatever is lost on the way, and whoever ends without a word: within 30 s every list is that of who is connected.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type End, type Watcher, World } from "./presence_ends.ts";

interface Connection {
  end: End;
  channel: string;
  sub: string | undefined;
  close: () => void;
}

interface Watching {
  end: End;
  channel: string;
  watcher: Watcher;
}

const CHANNELS = ["a", "b"], SUBS = ["ann", "bob", "cy", undefined];
type Action = [what: string, a: number, b: number, c: number];

const action: fc.Arbitrary<Action> = fc.tuple(
  fc.constantFrom(
    ...["connect", "connect", "connect", "close", "close", "watch", "watch", "stop"],
    ...["watchAll", "turn", "turn", "pass", "kill", "begin", "lossy", "sound", "apart"],
  ),
  fc.nat(1000),
  fc.nat(1000),
  fc.nat(1000),
);

/** Who is connected to a channel. */
function there(connections: Connection[], channel: string): (string | undefined)[] {
  return connections.filter((c) => c.channel === channel && c.end.alive).map((c) => c.sub);
}

function names(subs: Iterable<string | undefined>): string[] {
  return [...new Set(subs)].filter((sub) => sub !== undefined).sort();
}

function play(actions: Action[]): void {
  const world = new World();
  const connections: Connection[] = [], watching: Watching[] = [];
  const all: { end: End; occupied: Set<string> }[] = [];
  world.begin();
  world.begin();
  for (const [what, a, b, c] of actions) {
    const end = world.ends[a % world.ends.length]!, channel = CHANNELS[b % CHANNELS.length]!;
    if (what === "connect") {
      const sub = SUBS[c % SUBS.length];
      connections.push({ end, channel, sub, close: end.connect(channel, sub, { of: sub }) });
    } else if (what === "close" && connections.length > 0) {
      connections.splice(a % connections.length, 1)[0]!.close();
    } else if (what === "watch") watching.push({ end, channel, watcher: end.watch(channel) });
    else if (what === "stop" && watching.length > 0) {
      watching.splice(a % watching.length, 1)[0]!.watcher.watch.stop();
    } else if (what === "watchAll") {
      const occupied = new Set<string>();
      const watch = end.presence.watchAll((change) => {
        if (change.occupied) occupied.add(change.channel);
        else if (change.occupied === false) occupied.delete(change.channel);
      });
      watch.begin((there) => {
        for (const { channel } of there) occupied.add(channel);
      });
      all.push({ end, occupied });
    } else if (what === "turn") world.turn();
    else if (what === "pass") world.pass(a * 20);
    else if (what === "kill" && world.ends.length > 1) world.kill(end);
    else if (what === "begin" && world.ends.length < 4) world.begin();
    else if (what === "lossy") {
      let count = a;
      world.loses = () => (count = (count * 7919 + b) % 1009) % 3 === 0;
    } else if (what === "sound") world.loses = () => false;
    else if (what === "apart") world.loses = (from) => from === world.ends[0];
  }
  world.loses = () => false;
  world.pass(30_000);
  for (const { end, channel, watcher } of watching) {
    if (!end.alive) continue;
    const expected = names(there(connections, channel));
    assertEquals([...watcher.members.keys()].sort(), expected, `${channel} at ${end.bus.origin}`);
    for (const [sub, info] of watcher.members) assertEquals(info, { of: sub });
    assertEquals(watcher.wrong, []);
  }
  for (const { end, occupied } of all) {
    if (!end.alive) continue;
    const expected = CHANNELS.filter((channel) => there(connections, channel).length > 0);
    assertEquals([...occupied].sort(), expected, `all at ${end.bus.origin}`);
  }
}

Deno.test("every list is that of who is connected, 30 s after whatever was lost or killed", () => {
  fc.assert(fc.property(fc.array(action, { maxLength: 60, size: "max" }), play), {
    numRuns: 200,
  });
});

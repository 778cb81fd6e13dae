import { setImmediate } from "node:timers";
import { assertEquals } from "@std/assert";
import { RemoteEngine } from "../../lib/engine/remote.ts";
import type { Port, ToEngine } from "../../lib/engine/wire.ts";

/** A port that keeps what is said of channels in each turn. */
function listening(): { port: Port; told: ToEngine["interest"][] } {
  const told: ToEngine["interest"][] = [];
  const port: Port = {
    postMessage: (message) => void told.push((message as ToEngine).interest),
    onmessage: null,
    close() {},
  };
  return { port, told };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

Deno.test("RemoteEngine says once a turn how many subscribe, and only where that is not what it has said", async () => {
  const { port, told } = listening();
  const engine = new RemoteEngine(port);
  const turns: [calls: [string, number][], said: ToEngine["interest"][]][] = [
    [[["a", 1], ["a", 2], ["b", 1]], [[["a", 2], ["b", 1]]]],
    [[["a", 1], ["a", 2]], []],
    [[["b", 0], ["b", 1], ["a", 3]], [[["a", 3]]]],
    [[["b", 0]], [[["b", 0]]]],
    [[["b", 1], ["b", 0]], []],
  ];
  for (const [calls, said] of turns) {
    for (const [channel, count] of calls) engine.interest(channel, count);
    await turn();
    assertEquals(told.splice(0), said);
  }
  const next = listening();
  engine.interest("a", 4);
  engine.attach(next.port);
  engine.interest("a", 3);
  await turn();
  assertEquals([told, next.told], [[], [[["a", 3]]]], "another engine is told all");
  await engine.close();
});

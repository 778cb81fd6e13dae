/**
 * A backend that is told who comes and goes: over all ways to subscribe, threads and nodes.
 */
import { assert, assertEquals } from "@std/assert";
import { Backend } from "../tools/backend.ts";
import { ask, EventStream, Subscriber } from "../tools/channels.ts";
import { tried } from "../tools/engines.ts";
import { natsServers, natsTest, soon } from "../tools/nats.ts";
import { freePorts } from "../tools/ports.ts";
import { scrape, scraped } from "../tools/scrape.ts";
import { testService } from "../tools/service.ts";
import { SECRET, sign } from "../tools/tokens.ts";

const flags = ["--secret", SECRET, "--drain", "2s"];

/** What a backend has been told, in order. */
function told({ came }: Backend): string[] {
  return came.flatMap(({ body }) => body.events).map(({ event, channel, sub }) =>
    [event, channel, ...sub === undefined ? [] : [sub]].join(" ")
  );
}

/** What of it is news to a backend that keeps account: what it knows already is none. */
function news(events: readonly string[]): string[] {
  const there = new Set<string>();
  return events.filter((event) => {
    const [, what, whom] = /^(\w+) (.*)$/.exec(event)!;
    const comes = what === "occupied" || what === "join", known = there.has(whom!);
    if (comes) there.add(whom!);
    else there.delete(whom!);
    return comes !== known;
  });
}

/** Waits until it has been told something; what it is told wakes it. */
async function until(backend: Backend, event: string): Promise<string[]> {
  while (!told(backend).includes(event)) await backend.requests(backend.came.length + 1);
  return told(backend);
}

/** Somebody who may read everything. */
async function as(sub?: string): Promise<{ Authorization: string }> {
  return { Authorization: `Bearer ${await sign({ ...sub && { sub }, r: ["**"], w: ["**"] })}` };
}

for (const { name, flags: engine } of tried.filter(({ name }) => name.startsWith("memory"))) {
  Deno.test(`a backend hears of the first and the last of a channel and of each who is there, once and in order [${name}]`, async () => {
    await using backend = new Backend();
    const folder = await Deno.makeTempDir();
    await using service = await testService(...engine(folder), ...flags, "--hook", backend.url);
    const ann = await as("ann"), nobody = await as();
    const began = Date.now();
    {
      using _first = await Subscriber.open(service, "/rooms/1", ann);
      assertEquals(news(await until(backend, "join rooms/1 ann")), [
        "occupied rooms/1",
        "join rooms/1 ann",
      ]);
      // Others of the same, and who is nobody.
      using _again = await Subscriber.open(service, "/rooms/1,rooms/2?since=all", ann);
      using _stream = await EventStream.open(service, "/rooms/1", nobody);
      using _bob = await Subscriber.open(service, "/rooms/1", await as("bob"));
      await until(backend, "join rooms/1 bob");
      await until(backend, "join rooms/2 ann");
    }
    for (const room of ["rooms/1", "rooms/2"]) await until(backend, `vacated ${room}`);
    // While threads do not know of each other yet, two may tell the same.
    const ofRoom = (room: string) => news(told(backend)).filter((event) => event.includes(room));
    const one = ofRoom("rooms/1"), leaves = one.splice(3, 2).sort();
    assertEquals(one, [
      ...["occupied rooms/1", "join rooms/1 ann", "join rooms/1 bob"],
      "vacated rooms/1",
    ]);
    assertEquals(leaves, ["leave rooms/1 ann", "leave rooms/1 bob"]);
    assertEquals(ofRoom("rooms/2"), [
      ...["occupied rooms/2", "join rooms/2 ann", "leave rooms/2 ann", "vacated rooms/2"],
    ]);
    for (const { body } of backend.came) {
      for (const { time } of body.events) assert(time >= began && time <= Date.now());
    }
    const counted = await scraped(service, (s) => {
      const taken = s.value("kodama_hook_events_total", { result: "taken" });
      return s.value("kodama_hook_waiting") === 0 && taken === told(backend).length;
    }, 20_000);
    assertEquals(counted.value("kodama_hook_events_total", { result: "dropped" }), 0);
    assertEquals(counted.value("kodama_hook_requests_total", { result: "failed" }), 0);
    await Deno.remove(folder, { recursive: true });
  });

  Deno.test(`who is there at the end has left, before the process ends [${name}]`, async () => {
    await using backend = new Backend();
    const folder = await Deno.makeTempDir();
    const service = await testService(...engine(folder), ...flags, "--hook", backend.url);
    using _ann = await Subscriber.open(service, "/rooms/1", await as("ann"));
    using _bob = await Subscriber.open(service, "/rooms/2", await as("bob"));
    for (const event of ["join rooms/1 ann", "join rooms/2 bob"]) await until(backend, event);
    await service.shutdown();
    assertEquals(news(told(backend)).slice(4).sort(), [
      ...["leave rooms/1 ann", "leave rooms/2 bob", "vacated rooms/1", "vacated rooms/2"],
    ]);
    await Deno.remove(folder, { recursive: true });
  });
}

Deno.test("a backend that is gone holds nobody up, and is told all in order when it is back", async () => {
  const [port] = freePorts(1) as [number];
  await using other = new Backend();
  const hook = `http://127.0.0.1:${port}/hook`;
  await using service = await testService(...flags, "--hook", hook, "--hook", other.url);
  const ann = await as("ann");
  using subscriber = await Subscriber.open(service, "/rooms/1", ann);
  await service.log.line(({ message }) => message === "the hook does not take events");
  using _bob = await Subscriber.open(service, "/rooms/1", await as("bob"));
  for (let i = 0; i < 10; i++) {
    assertEquals((await ask(service, "POST /rooms/1", ann, `${i}`)).status, 200);
    assertEquals(await subscriber.text(), `${i}`);
  }
  // Another backend does not wait for it.
  const wanted = ["occupied rooms/1", "join rooms/1 ann", "join rooms/1 bob"];
  assertEquals(await until(other, "join rooms/1 bob"), wanted);
  assertEquals((await scrape(service)).value("kodama_hook_waiting"), 3);
  await using backend = new Backend(undefined, port);
  assertEquals(await until(backend, "join rooms/1 bob"), wanted);
  await service.log.line(({ message }) => message === "the hook takes events again");
  const [first, again] = service.log.lines.filter(({ message }) => message.startsWith("the hook"));
  assertEquals(first!.fields.backend, `http://127.0.0.1:${port}`);
  assert(again !== undefined);
});

Deno.test("without a secret it is not signed, and the log says so", async () => {
  await using backend = new Backend();
  await using service = await testService("--hook", backend.url);
  using _subscriber = await Subscriber.open(service, "/rooms/1");
  assertEquals(await until(backend, "occupied rooms/1"), ["occupied rooms/1"]);
  assertEquals(backend.came[0]!.headers.get("kodama-signature"), null);
  assertEquals(service.log.lines.map(({ message }) => message), ["the hook is not signed"]);
});

natsTest(
  "of two nodes one tells a backend, also of who is at the other, and the other goes on where it ends",
  async () => {
    await using nats = await natsServers(1);
    await using backend = new Backend();
    const start = async () => {
      const given = ["--engine", nats.engine, "--hook", backend.url, "--drain", "50ms"];
      const service = await testService(...flags, ...given);
      // An engine elsewhere takes its time.
      await soon("readiness", async () => (await ask(service, "GET /-/ready")).status === 200);
      return service;
    };
    const first = await start();
    const ann = await as("ann"), bob = await as("bob");
    using one = await Subscriber.open(first, "/rooms/1", ann);
    await until(backend, "join rooms/1 ann");
    await using second = await start();
    await scraped(second, (s) => s.value("kodama_bus_peers") === 1, 20_000);
    await scraped(first, (s) => s.value("kodama_bus_peers") === 1, 20_000);
    using two = await Subscriber.open(second, "/rooms/1", ann);
    using three = await Subscriber.open(second, "/rooms/2", bob);
    const soFar = ["occupied rooms/1", "join rooms/1 ann", "occupied rooms/2", "join rooms/2 bob"];
    assertEquals(await until(backend, "join rooms/2 bob"), soFar);
    assertEquals((await ask(first, "POST /rooms/1", ann, "x")).status, 200);
    assertEquals([await one.text(), await two.text()], ["x", "x"]);
    // Ann is still there, at the other node: the first has gone in order, and nothing has changed.
    await first.shutdown();
    three[Symbol.dispose]();
    await until(backend, "vacated rooms/2");
    two[Symbol.dispose]();
    // One that has just begun tells what there is again, where it comes to lead meanwhile.
    assertEquals(news(await until(backend, "vacated rooms/1")), [
      ...[...soFar, "leave rooms/2 bob", "vacated rooms/2"],
      ...["leave rooms/1 ann", "vacated rooms/1"],
    ]);
  },
);

/**
 * Connections that end at each stage of their life, and a service that does: all is given back, and everybody is told.
 */
import { assertEquals, assertLess, assertMatch } from "@std/assert";
import { Scrape, scraped } from "../tools/scrape.ts";
import { ask } from "../tools/channels.ts";
import { makePair, writePair } from "../tools/certificates.ts";
import { kodama, until } from "../tools/command.ts";
import { proxy } from "../tools/proxy.ts";
import { within } from "../tools/raw.ts";
import { type Line, type TestService, testService } from "../tools/service.ts";
import { prepare, reach, stages } from "../tools/stages.ts";
import { go } from "../tools/way.ts";

/** For a machine that is busy, in ms. */
const PATIENCE = 30_000;
const pair = await makePair();

const ways = [
  { way: "TCP", encrypted: false, workers: "1" },
  { way: "TLS", encrypted: true, workers: "1" },
  { way: "memory, 2 workers, over TLS", encrypted: true, workers: "2" },
].filter(({ workers }) => workers === "1" || Deno.env.get("TEST_THREADS") !== "off");

/** Whether there are only so many connections besides the one that asks, and as many channels with subscribers. */
function left(count: number): (scrape: Scrape) => boolean {
  return (scrape) =>
    scrape.value("kodama_connections") === count + 1 &&
    scrape.value("kodama_channels") === count && scrape.value("kodama_queue_bytes") === 0;
}

/** What is logged that somebody should look at: nothing that a peer does is. */
function loud({ log }: TestService): Line[] {
  return log.lines.filter(({ level }) => level === "warn" || level === "error");
}

for (const { way, encrypted, workers } of ways) {
  Deno.test(`peers that go by RST or FIN at any stage leave nothing behind, and are no faults [${way}]`, async () => {
    await go(encrypted, async () => {
      await using service = await testService("--workers", workers);
      await prepare(service);
      for (const stage of stages()) {
        const [one, other] = [await reach(service, stage), await reach(service, stage)];
        await one.reset();
        other.finish();
      }
      await scraped(service, left(0), PATIENCE);
      assertEquals(loud(service), []);
    });
  });

  Deno.test(`peers behind which nothing passes any more are gone in time, at any stage [${way}]`, async () => {
    await go(encrypted, async () => {
      await using service = await testService(
        ...["--workers", workers, "--ping-interval", "1s", "--ping-timeout", "2s"],
        ...["--handshake-timeout", "4s", "--body-timeout", "4s", "--message-timeout", "4s"],
      );
      await prepare(service);
      await using between = proxy(service.port);
      const clients = await Promise.all(stages().map((stage) => reach(between, stage)));
      between.hold();
      // But for the stream of events: HTTP has no pong, and whoever is between takes what is sent.
      await scraped(service, left(1), PATIENCE);
      assertEquals(loud(service), []);
      between.cut();
      await scraped(service, left(0), PATIENCE);
      for (const client of clients) client.finish();
    });
  });
}

/** The command, with connections at each stage. */
async function staged(workers: string, encrypted: boolean, drain: string) {
  const files = writePair(pair);
  const child = kodama(
    [
      ...["--port", "0", "--drain", drain, "--workers", workers, "--close-timeout", "60s"],
      ...encrypted ? files.flags : [],
    ],
    { allowed: ["-P=serve", `--allow-read=lib,static,std,${files.folder}`] },
  ).spawn();
  const [, port] = await until(child.stdout, /Open https?:\/\/[^:]+:(\d+)/);
  const service = { port: Number(port) };
  await prepare(service);
  const clients = await Promise.all(
    stages().map(async (stage) => ({ stage, client: await reach(service, stage) })),
  );
  assertEquals((await ask(service, "GET /-/health")).status, 200);
  return {
    child,
    clients,
    async [Symbol.asyncDispose]() {
      for (const { client } of clients) client.finish();
      await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
      files[Symbol.dispose]();
    },
  };
}

for (const { way, encrypted, workers } of ways.filter(({ way }) => way !== "TLS")) {
  Deno.test(`SIGTERM with connections at each stage: each is told what there is to tell, and it ends with 0 [${way}]`, async () => {
    await go(encrypted, async () => {
      await using running = await staged(workers, encrypted, "2s");
      const { child, clients } = running;
      const told = clients.filter(({ stage }) => stage.told !== undefined)
        .map(async ({ stage, client }) => ({ stage, all: await client.rest() }));
      child.kill("SIGTERM");
      assertEquals((await within(PATIENCE, "the end", child.status)).code, 0);
      for (const { stage, all } of await Promise.all(told)) {
        assertMatch(all, stage.told!, stage.what);
      }
    });
  });

  Deno.test(`a second SIGTERM with connections at each stage ends it at once, with 1 [${way}]`, async () => {
    await go(encrypted, async () => {
      await using running = await staged(workers, encrypted, "10m");
      const { child, clients } = running;
      const subscriber = clients.find(({ stage }) => stage.what === "a subscriber")!;
      child.kill("SIGTERM");
      await subscriber.client.until(subscriber.stage.told!);
      // Later than what is taken for the same signal, passed on twice.
      await new Promise((resolve) => setTimeout(resolve, 150));
      const began = performance.now();
      child.kill("SIGTERM");
      assertEquals((await within(PATIENCE, "the end", child.status)).code, 1);
      assertLess(performance.now() - began, PATIENCE / 3);
    });
  });
}

Deno.test("SIGTERM while it starts ends it, whenever it comes", async () => {
  for (const ms of [0, 60, 120, 200, 300, 450]) {
    const child = kodama(["--port", "0"]).spawn();
    await new Promise((resolve) => setTimeout(resolve, ms));
    child.kill("SIGTERM");
    const { code, signal } = await within(PATIENCE, `the end after ${ms} ms`, child.status);
    // Before the program runs, the signal ends the process by itself.
    assertEquals(code === 0 || signal === "SIGTERM", true, `${code}`);
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  }
});

/**
 * A process that is stopped, as by a debugger or a laptop's lid, and goes on later: a client of the service, and the service.
 */
import { assertEquals } from "@std/assert";
import { once } from "node:events";
import WebSocket from "ws";
import { CA, makePair, writePair } from "../tools/certificates.ts";
import { post } from "../tools/channels.ts";
import { kodama, until } from "../tools/command.ts";
import { within } from "../tools/raw.ts";
import { type Scrape, scraped } from "../tools/scrape.ts";
import { testService } from "../tools/service.ts";
import { go } from "../tools/way.ts";

/** For a machine that is busy, in ms. */
const PATIENCE = 30_000;
const pair = await makePair();

const ways = [
  { way: "TCP", encrypted: false, workers: "1" },
  { way: "TLS", encrypted: true, workers: "1" },
  { way: "memory, 2 workers", encrypted: false, workers: "2" },
].filter(({ workers }) => workers === "1" || Deno.env.get("TEST_THREADS") !== "off");

/** Somebody else's client, and what it has got. */
async function listener(
  url: string,
): Promise<{ client: WebSocket; got: string[] } & AsyncDisposable> {
  const client = new WebSocket(url, { ca: CA }), got: string[] = [];
  client.on("message", (data: Uint8Array) => got.push(new TextDecoder().decode(data)));
  await within(PATIENCE, "a handshake", once(client, "open"));
  return {
    client,
    got,
    async [Symbol.asyncDispose]() {
      client.close();
      await once(client, "close");
    },
  };
}

for (const { way, encrypted, workers } of ways) {
  Deno.test(`a client that is stopped is gone in time, and has what it missed when it goes on [${way}]`, async () => {
    await go(encrypted, async () => {
      using files = writePair(pair);
      await using service = await testService(
        ...["--workers", workers, "--ping-interval", "500ms", "--ping-timeout", "1s"],
      );
      const at = `://127.0.0.1:${service.port}/stopped`, secure = encrypted ? "s" : "";
      await using other = await listener(`ws${secure}${at}`);
      const child = kodama(
        ["subscribe", `http${secure}${at}`, "--since", "all"],
        { allowed: ["-P=serve"], env: { DENO_CERT: files.ca } },
      ).spawn();
      try {
        await post(service, "stopped", "before");
        await within(PATIENCE, "the first message", until(child.stdout, /before\n/));
        child.kill("SIGSTOP");
        // Nobody says that it is gone; who answers pings stays.
        const gone = (scrape: Scrape) => scrape.value("kodama_connections") === 2;
        await scraped(service, gone, PATIENCE);
        for (const text of ["one", "two"]) await post(service, "stopped", text);
        child.kill("SIGCONT");
        await within(PATIENCE, "what it missed", until(child.stdout, /^one\ntwo\n$/));
        assertEquals(other.got, ["before", "one", "two"]);
      } finally {
        child.kill("SIGKILL");
        await child.status;
        await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
      }
    });
  });
}

Deno.test("a service that is stopped goes on, and those who answer its pings stay", async () => {
  const child = kodama(["--port", "0", "--ping-interval", "2s", "--ping-timeout", "1s"])
    .spawn();
  try {
    const [, port] = await until(child.stdout, /Open http:\/\/[^:]+:(\d+)/);
    await using other = await listener(`ws://127.0.0.1:${port}/stopped`);
    child.kill("SIGSTOP");
    // For longer than both: that is what it is about, and nothing tells of it.
    await new Promise((resolve) => setTimeout(resolve, 3500));
    const pinged = once(other.client, "ping");
    child.kill("SIGCONT");
    await within(PATIENCE, "a ping", pinged);
    await within(PATIENCE, "another, after an answer", once(other.client, "ping"));
    const message = once(other.client, "message");
    assertEquals((await post({ port: Number(port) }, "stopped", "after")).subscribers, 1);
    await within(PATIENCE, "a message", message);
    assertEquals(other.got, ["after"]);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  }
});

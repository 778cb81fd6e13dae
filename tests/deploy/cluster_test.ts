/**
 * Two nodes on one NATS behind Caddy, with the files in `deploy/`: what the proxy does when a node loses NATS, or dies.
 */
import { assertEquals } from "@std/assert";
import { deployed, PROXIES, proxyVersion, startProxy } from "../clients/ways.ts";
import { ask, post, Subscriber } from "../tools/channels.ts";
import { kodama } from "../tools/command.ts";
import { natsServer, natsServers, soon } from "../tools/nats.ts";
import { proxy as tcpProxy } from "../tools/proxy.ts";
import { freePorts } from "../tools/ports.ts";

/** A node, as a process; its settings are those of `deploy/`, as far as they can be on one machine. */
async function startNode(natsPort: number) {
  const [port] = freePorts(1) as [number];
  const child = kodama([
    ...["--port", `${port}`, "--trust-proxy", "on", "--drain", "0s", "--log-level", "error"],
    ...["--engine", `nats://127.0.0.1:${natsPort}`],
  ]).spawn();
  const said = Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
  await soon("a node", async () => (await ask({ port }, "GET /-/ready")).status === 200);
  const kill = async () => {
    child.kill("SIGKILL");
    await child.status;
    await said;
  };
  return { port, kill };
}

const { needs } = PROXIES.Caddy!;
Deno.test({
  name:
    `behind Caddy nobody is sent to a node that has no NATS, or is dead (needs ${needs} and a nats-server)`,
  ignore: natsServer === undefined || await proxyVersion("Caddy") === undefined,
  async fn() {
    await using nats = await natsServers(1);
    await using cable = tcpProxy(nats.servers[0]!.port);
    const cut = await startNode(cable.port), kept = await startNode(nats.servers[0]!.port);
    await using proxy = await startProxy("Caddy", (port) => ({
      Caddyfile: "{\n\tadmin off\n}\n" + deployed("cluster.Caddyfile", {
        "{$KODAMA_SITE:push.example} {": `http://127.0.0.1:${port} {`,
        "{$KODAMA_NAME:push.example}": "127.0.0.1",
        "kodama-1:9999 kodama-2:9999 kodama-3:9999": `127.0.0.1:${cut.port} 127.0.0.1:${kept.port}`,
      }),
    }));
    using onCut = await Subscriber.open(cut, "/btc?since=all");
    using onKept = await Subscriber.open(kept, "/btc?since=all");
    using through = await Subscriber.open(proxy, "/btc?since=all");
    const readers = [onCut, onKept, through];
    for (const reader of readers) assertEquals((await reader.json()).gap, false);
    const first = await post(proxy, "btc", "1");
    for (const reader of readers) {
      assertEquals(await reader.json(), { id: first.id, ch: "btc", data: "1" });
    }

    cable.refuse = true;
    cable.cut();
    await soon("no NATS", async () => (await ask(cut, "GET /-/ready")).status === 503);
    // Until the proxy has asked, it may still send somebody there, who is refused and told to come again.
    const unread = () => ask(proxy, "POST /other", { "Content-Type": "text/plain" }, "x");
    await soon("other node", async () => {
      const answers = await Promise.all(Array.from({ length: 20 }, unread));
      return answers.every(({ status }) => status === 200);
    });
    const second = await post(proxy, "btc", "2");
    assertEquals(await onKept.json(), { id: second.id, ch: "btc", data: "2" });

    cable.refuse = false;
    await soon("NATS", async () => (await ask(cut, "GET /-/ready")).status === 200);
    // Who stayed has what was missed meanwhile, once and in order.
    assertEquals(await onCut.json(), { id: second.id, ch: "btc", data: "2" });

    await cut.kill();
    // Whom the proxy would send there it sends to the other at once.
    for (let i = 3; i < 23; i++) await post(proxy, "btc", `${i}`);
    for (let i = 3; i < 23; i++) assertEquals((await onKept.json()).data, `${i}`);
    await kept.kill();
  },
});

/**
 * A node of Kodama as a process of its own, which can be killed, with a proxy between it and each server of NATS.
 * @module
 */
import { ask } from "../tools/channels.ts";
import { kodama } from "../tools/command.ts";
import { type NatsServers, soon } from "../tools/nats.ts";
import { type Proxy, proxy } from "../tools/proxy.ts";
import { freePorts } from "../tools/ports.ts";

/** A node. */
export class Node implements AsyncDisposable {
  readonly port = freePorts(1)[0]!;
  readonly #proxies: Proxy[];
  #child: Deno.ChildProcess | undefined;
  #lines: Promise<string>[] = [];

  /** @param nats What it shares with the other nodes. */
  constructor(nats: NatsServers) {
    this.#proxies = nats.servers.map(({ port }) => proxy(port));
  }

  /** Starts it. */
  async start(): Promise<void> {
    const hosts = this.#proxies.map(({ port }) => `127.0.0.1:${port}`);
    const child = this.#child = kodama([
      ...["--port", String(this.port), "--drain", "0s"],
      ...["--engine", `nats://${hosts.join(",")}`, "--nats-replicas", "3"],
      ...["--history", "1000000", "--history-bytes", "512MiB", "--history-age", "1h"],
    ]).spawn();
    this.#lines.push(new Response(child.stderr).text());
    await child.stdout.cancel();
    await soon("port", async () => (await ask(this, "GET /-/health")).status === 200);
  }

  /** Waits until it takes publishes. */
  async ready(): Promise<void> {
    await soon("readiness", async () => (await ask(this, "GET /-/ready")).status === 200, 60_000);
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
    await child?.status;
  }

  /** Between it and NATS nothing passes any more, and nobody is told. */
  hold(): void {
    for (const each of this.#proxies) {
      each.refuse = true;
      each.hold();
    }
  }

  /** New connections to NATS pass again. */
  release(): void {
    for (const each of this.#proxies) each.refuse = false;
  }

  /** What it has said; it must have ended. */
  async said(): Promise<string> {
    return (await Promise.all(this.#lines)).join("");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    for (const each of this.#proxies) await each[Symbol.asyncDispose]();
    await this.said();
  }
}

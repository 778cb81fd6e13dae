/**
 * The ways in which an app's clients and its server can be apart: in one thread, in two, or on two nodes.
 * @module
 */
import { natsServer, natsServers, soon } from "./nats.ts";
import { ask } from "./channels.ts";
import { type TestService, testService } from "./service.ts";

/** Where clients and servers go: the same service, or two nodes. */
export type Ends = readonly [TestService, TestService];

/**
 * Runs a test with each of the ways. Those with threads are left out while coverage is counted, as `channelTest()` says.
 * @param flags Of each service.
 * @param options Where a client leaves something behind.
 */
export function pusherTest(
  name: string,
  flags: readonly string[],
  run: (...ends: Ends) => Promise<void>,
  options: Pick<Deno.TestDefinition, "sanitizeOps" | "sanitizeResources"> = {},
): void {
  Deno.test({
    ...options,
    name: `${name} [one worker]`,
    async fn() {
      await using service = await testService(...flags);
      await run(service, service);
    },
  });
  Deno.test({
    ...options,
    name: `${name} [two workers]`,
    ignore: Deno.env.get("TEST_THREADS") === "off",
    async fn() {
      await using service = await testService("--workers", "2", "--drain", "50ms", ...flags);
      await run(service, service);
    },
  });
  Deno.test({
    ...options,
    name: `${name} [two nodes on NATS]`,
    ignore: natsServer === undefined || Deno.env.get("TEST_THREADS") === "off",
    async fn() {
      await using nats = await natsServers(1);
      const start = () => testService("--engine", nats.engine, "--drain", "50ms", ...flags);
      await using one = await start();
      await using other = await start();
      for (const service of [one, other]) {
        await soon("readiness", async () => (await ask(service, "GET /-/ready")).status === 200);
      }
      // What is asked of all nodes is asked of those that are known.
      for (const service of [one, other]) {
        await soon("the other node", async () => {
          return /^kodama_bus_peers 1$/m.test((await ask(service, "GET /-/metrics")).body);
        });
      }
      await run(one, other);
    },
  });
}

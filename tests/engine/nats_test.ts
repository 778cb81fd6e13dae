/**
 * The log in NATS keeps to what every engine does: on one server, and on three.
 */
import { natsServer, type NatsServers, natsServers } from "../tools/nats.ts";
import { clientsSuite } from "./clients_suite.ts";
import { testEngine } from "../../lib/testing/mod.ts";
import { natsEngines } from "./nats_engine.ts";

let one: NatsServers, three: NatsServers;
const create1 = natsEngines(() => one.engine, 1), create3 = natsEngines(() => three.engine, 3);

if (natsServer === undefined) {
  Deno.test({ name: "NatsLog (no nats-server is found)", ignore: true, fn() {} });
} else {
  Deno.test.beforeAll(async () => {
    [one, three] = await Promise.all([natsServers(1), natsServers(3)]);
  });
  Deno.test.afterAll(async () => {
    await one[Symbol.asyncDispose]();
    await three[Symbol.asyncDispose]();
  });
  const { test } = Deno, survives = true;
  testEngine({ name: "NatsLog on one server", test, create: create1, survives, runs: 20 });
  clientsSuite("EngineHost over NATS", create1);
  testEngine({ name: "NatsLog on three servers", test, create: create3, survives, runs: 5 });
}

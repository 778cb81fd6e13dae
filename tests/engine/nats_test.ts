/**
 * The log in NATS keeps to what every engine does: on one server, and on three.
 */
import { natsServer, type NatsServers, natsServers } from "../tools/nats.ts";
import { clientsSuite } from "./clients_suite.ts";
import { engineSuite } from "./engine_suite.ts";
import { gapSuite } from "./gap_suite.ts";
import { limitsSuite } from "./limits_suite.ts";
import { natsEngines } from "./nats_engine.ts";
import { restartSuite } from "./restart_suite.ts";

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
  engineSuite("NatsLog on one server", create1);
  limitsSuite("NatsLog on one server", create1);
  gapSuite("NatsLog on one server", create1, 20);
  restartSuite("NatsLog on one server", create1);
  clientsSuite("EngineHost over NATS", create1);
  engineSuite("NatsLog on three servers", create3);
  limitsSuite("NatsLog on three servers", create3);
  gapSuite("NatsLog on three servers", create3, 5);
  restartSuite("NatsLog on three servers", create3);
}

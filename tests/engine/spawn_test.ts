import { assertEquals, assertRejects } from "@std/assert";
import { EngineThread, OpenError } from "../../lib/engine/spawn.ts";
import { ROOMY } from "./engine_suite.ts";

const deaf = { unreachable() {}, fault() {} };

Deno.test("EngineThread gives one port to who comes while it is opened", async () => {
  const thread = new EngineThread("memory", ROOMY, deaf, undefined);
  const ports: MessagePort[] = [];
  const started = thread.start();
  thread.attach(1, (port) => ports.push(port), () => {});
  await started;
  assertEquals(ports.length, 1);
  for (const port of ports) port.close();
  assertEquals(await thread.close(5000), undefined);
});

Deno.test("EngineThread ends at once where it is closed while it cannot be opened", async () => {
  const thread = new EngineThread("sqlite:/nowhere/at/all.db", ROOMY, deaf, undefined);
  const started = thread.start();
  const closed = thread.close(20_000);
  await assertRejects(() => started, OpenError, "/nowhere/at/all.db");
  assertEquals(await closed, undefined);
});

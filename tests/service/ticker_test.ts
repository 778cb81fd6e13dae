import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { testService } from "../tools/service.ts";

/** Collects what comes until there are `count` messages. */
function messages(client: WebSocket, count: number): Promise<{ data: string; at: number }[]> {
  const all: { data: string; at: number }[] = [];
  return new Promise((resolve) => {
    client.onmessage = ({ data }) => {
      all.push({ data, at: performance.now() });
      if (all.length === count) resolve(all);
    };
  });
}

function closed(client: WebSocket): Promise<CloseEvent> {
  return new Promise((resolve) => client.onclose = resolve);
}

Deno.test("the ticker counts from 1 for each connection, the first at once, then one a second", async () => {
  await using service = await testService();
  const began = performance.now();
  const first = new WebSocket(`ws://127.0.0.1:${service.port}/`);
  const ticks = await messages(first, 3);
  const second = new WebSocket(`ws://127.0.0.1:${service.port}/`);
  const [other] = await messages(second, 1);
  assertEquals(ticks.map((t) => t.data), ["echo 1", "echo 2", "echo 3"]);
  assertEquals(other!.data, "echo 1");
  assertLess(ticks[0]!.at - began, 900);
  assertGreaterOrEqual(ticks[2]!.at - ticks[0]!.at, 1900);
  assertLess(ticks[2]!.at - ticks[0]!.at, 3000);
  const ends = [closed(first), closed(second)];
  first.close();
  second.close();
  await Promise.all(ends);
});

Deno.test("what is sent to the ticker appears in the log, unmasked and decoded", async () => {
  await using service = await testService();
  const client = new WebSocket(`ws://127.0.0.1:${service.port}/`);
  await messages(client, 1);
  client.send("client: echo 1 – 木霊");
  client.send(new Uint8Array([0, 1, 255]));
  const text = await service.log.line((l) => l.fields.text === "client: echo 1 – 木霊");
  assertEquals([text.message, text.fields.bytes], ["received", 25]);
  const binary = await service.log.line((l) => l.fields.hex === "0001ff");
  assertEquals(binary.fields.bytes, 3);
  client.close();
  await closed(client);
});

Deno.test("a long message is logged short", async () => {
  await using service = await testService();
  const client = new WebSocket(`ws://127.0.0.1:${service.port}/`);
  await messages(client, 1);
  client.send("x".repeat(1_000_000));
  const line = await service.log.line((l) => l.fields.bytes === 1_000_000);
  assert(String(line.fields.text).length <= 1024);
  client.close();
  await closed(client);
});

Deno.test("the ticker closes with 1008 at one message over twice the rate", async () => {
  await using service = await testService("--message-rate", "10");
  const client = new WebSocket(`ws://127.0.0.1:${service.port}/`);
  await messages(client, 1);
  for (let i = 0; i < 20; i++) client.send(`${i}`);
  await service.log.line((l) => l.fields.text === "19");
  const end = closed(client);
  for (let i = 0; i < 20; i++) client.send(`more ${i}`);
  const { code, reason } = await end;
  assertEquals([code, reason], [1008, "too many messages"]);
});

Deno.test("the echo is bound by no rate", async () => {
  await using service = await testService("--message-rate", "1");
  const client = new WebSocket(`ws://127.0.0.1:${service.port}/-/echo`);
  await new Promise((resolve) => client.onopen = resolve);
  const all = messages(client, 500);
  for (let i = 0; i < 500; i++) client.send(`${i}`);
  assertEquals((await all).map((m) => m.data), Array.from({ length: 500 }, (_, i) => `${i}`));
  client.close();
  await closed(client);
});

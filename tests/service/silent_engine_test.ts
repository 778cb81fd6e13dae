/** What everybody sees while the engine does not answer: nobody waits for ever, and who is there stays. */
import { assertEquals, assertMatch } from "@std/assert";
import type { Rights } from "../../lib/auth/auth.ts";
import { LogEngine } from "../../lib/engine/engine.ts";
import { Hub } from "../../lib/hub/hub.ts";
import type { Socket } from "../../lib/net/socket.ts";
import { frameForms } from "../../lib/service/forms.ts";
import { Publishes } from "../../lib/service/publishes.ts";
import { MAX_ASKED } from "../../lib/net/asked.ts";
import { subscriberHandler } from "../../lib/service/subscribe.ts";
import { Tally } from "../../lib/service/tally.ts";
import { defaults } from "../../lib/settings/config.ts";
import { Opcode } from "../../lib/websocket/frame.ts";
import { ROOMY } from "../../lib/testing/engine_suite.ts";
import { settled } from "../engine/late_engine.ts";
import { StallingLog } from "../engine/stalling_log.ts";
import { utf8 } from "../tools/bytes.ts";
import { ask, EventStream, post, Subscriber } from "../tools/channels.ts";
import { hostedService } from "../tools/hosted_service.ts";
import { alone, plainWishes } from "../tools/alone.ts";

Deno.test("while the engine does not answer, requests are 503, metrics say so, and who subscribes is told once it does", async () => {
  await using service = await hostedService(50);
  await post(service, "btc", "before");
  service.gate.close();
  for (const line of ["GET /btc", "GET /btc", "GET /-/channels"]) {
    const { status, headers, body } = await ask(service, line);
    assertEquals([status, headers.get("retry-after")], [503, "1"], body);
    assertMatch(body, /the engine does not answer/);
  }
  const metrics = await ask(service, "GET /-/metrics");
  assertMatch(metrics.body, /^kodama_engine_up 0$/m);
  assertEquals((await ask(service, "GET /-/ready")).status, 503);
  assertEquals(
    (await ask(service, "GET /-/health")).body,
    '{"status":"ok","engine":"unreachable"}',
  );
  using raw = await Subscriber.open(service, "/btc");
  using envelopes = await Subscriber.open(service, "/btc,eth");
  using events = await EventStream.open(service, "/btc");
  service.gate.open();
  assertEquals((await envelopes.json()).gap, false);
  assertEquals((await events.next()).data.gap, false);
  const { id } = await post(service, "btc", "after");
  assertEquals(await raw.text(), "after");
  assertEquals((await envelopes.json()).id, id);
  assertEquals((await events.next()).id, id);
  assertEquals(service.log.lines.filter(({ level }) => level === "error"), []);
});

Deno.test("who subscribes as the engine falls silent is told where it stands once it answers", async () => {
  await using service = await hostedService(50);
  const { id } = await post(service, "btc", "before");
  service.gate.close();
  using late = await Subscriber.open(service, "/btc?since=all");
  assertEquals((await ask(service, "GET /btc")).status, 503);
  service.gate.open();
  assertEquals((await late.json()).open, id);
  assertEquals((await late.json()).id, id);
});

Deno.test("a raw message of which nobody knows whether it is taken closes its connection, and is no fault of ours", async () => {
  await using service = await hostedService(50);
  using client = await Subscriber.open(service, "/btc");
  service.engine.stall();
  await client.say("a");
  assertEquals(await client.closed(), "1011 not published");
  service.engine.goOn();
  assertEquals(service.log.lines.filter(({ level }) => level === "error"), []);
});

Deno.test("what a client asks for is done in order, however much it asks for while the engine is slow", async () => {
  await using service = await hostedService(30_000);
  using client = await Subscriber.open(service, "/btc?since=all");
  await client.json();
  service.engine.stall();
  const count = 400;
  for (let ref = 0; ref < count; ref++) {
    await client.say({ pub: "eth", data: "x".repeat(1000), ref });
  }
  await service.engine.appending;
  service.engine.goOn();
  for (let ref = 0; ref < count; ref++) assertEquals((await client.json()).ref, ref);
});

Deno.test("from a client that waits for more than the limit nothing is read until all of it is done", async () => {
  const log = new StallingLog(), calls: string[] = [];
  const socket = {
    takeover: false,
    sharedWindowBits: 0,
    bufferedAmount: 0,
    send: (text: string) => calls.push(text),
    sendFrame: () => true,
    hold: () => calls.push("hold"),
    goOn: () => calls.push("go on"),
  } as unknown as Socket;
  const hub = new Hub(new LogEngine(log, ROOMY, () => 0));
  const everything = { read: () => true, write: () => true, expires: Infinity };
  const handler = subscriberHandler({
    ...plainWishes,
    ...alone(hub),
    ...{ publish: (draft) => hub.publish(draft), channels: [], since: undefined },
    ...{ config: { ...defaults, messageRate: 0 }, rights: everything as unknown as Rights },
    ...{ mode: "envelope", forms: frameForms(256), release() {}, fault() {} },
    ...{ publishes: new Publishes(new Float64Array(Tally.end)), overrun() {} },
  });
  handler.open!(socket);
  await settled();
  calls.splice(0);
  log.stall();
  const pub = (size: number) => {
    const text = `{"pub":"a","data":""}`;
    const payload = utf8(text.replace('""', `"${"x".repeat(size - 512 - text.length)}"`));
    handler.message!(socket, payload, Opcode.Text);
  };
  pub(MAX_ASKED - 1000);
  pub(1000);
  await log.appending;
  assertEquals(calls, []);
  pub(1000);
  assertEquals(calls, ["hold"]);
  log.goOn();
  await settled();
  assertEquals(calls, ["hold", ...[1, 2, 3].map((n) => `{"id":"stalling.${n}"}`), "go on"]);
});

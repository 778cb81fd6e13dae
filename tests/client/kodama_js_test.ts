/**
 * kodama.js against the service: messages, gaps, and coming back without loss.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { subscribe } from "../../static/kodama.js";
import { ask, post } from "../tools/channels.ts";
import { proxy } from "../tools/proxy.ts";
import { testService } from "../tools/service.ts";
import { atOnce, Listener } from "./listener.ts";
import { opening, scriptedServer } from "./scripted.ts";

Deno.test("it hears text, JSON and bytes, each with its id and channel", async () => {
  await using service = await testService();
  const url = service.url.replace(/\/$/, "");
  await using listener = new Listener(`${url}/shop/a,shop/b#fragment`);
  await listener.state("open");
  const receipts = [
    await post(service, "shop/a", "plain 山びこ"),
    await post(service, "shop/b", '{"price":42}', "application/json"),
    await post(service, "shop/a", '"quoted"', "application/json"),
    await post(service, "shop/b", new Uint8Array([0, 1, 255]), "application/octet-stream"),
    await post(service, "shop/c", "not for us"),
    await post(service, "shop/a", ""),
  ];
  await listener.count(5);
  const ids = receipts.map(({ id }) => id);
  assertEquals(listener.messages, [
    { id: ids[0]!, channel: "shop/a", data: "plain 山びこ" },
    { id: ids[1]!, channel: "shop/b", data: { price: 42 } },
    { id: ids[2]!, channel: "shop/a", data: "quoted" },
    { id: ids[3]!, channel: "shop/b", data: new Uint8Array([0, 1, 255]) },
    { id: ids[5]!, channel: "shop/a", data: "" },
  ]);
  assertEquals(listener.subscription.cursor, ids[5]);
  assertEquals(listener.names, ["connecting", "open"]);
});

Deno.test("the envelope's text keeps numbers that JavaScript cannot hold", async () => {
  await using service = await testService();
  const envelopes: string[] = [];
  await using listener = new Listener(`${service.url}n`, {
    onmessage: (_, envelope) => envelopes.push(envelope),
  });
  await listener.state("open");
  const { id } = await post(service, "n", "[12345678901234567890]", "application/json");
  await listener.count(1);
  assertEquals(envelopes, [`{"id":"${id}","ch":"n","data":[12345678901234567890]}`]);
});

Deno.test("what was left out for who is slow is told with the message that is not", async () => {
  await using server = scriptedServer((it) => {
    it.say(opening("e.0"));
    it.say({ id: "e.7", ch: "c", skipped: 6, data: 7 });
    it.say({ id: "e.8", ch: "c", data: 8 });
  });
  await using listener = new Listener(`${server.url}?slow=latest`);
  await listener.count(2);
  assertEquals(listener.messages, [
    { id: "e.7", channel: "c", data: 7, skipped: 6 },
    { id: "e.8", channel: "c", data: 8 },
  ]);
});

Deno.test("since is an id, all, or an age, also in the URL", async () => {
  await using service = await testService();
  const first = await post(service, "c", "1");
  await post(service, "c", "2");
  const cases: [query: string, since: string | null | undefined, data: string[]][] = [
    ["", first.id, ["2", "3"]],
    ["", "all", ["1", "2", "3"]],
    ["", "10m", ["1", "2", "3"]],
    ["?since=all", undefined, ["1", "2", "3"]],
    ["?since=all", first.id, ["2", "3"]],
    ["", null, ["3"]],
    ["", "", ["3"]],
  ];
  const all = cases.map(([query, since]) => new Listener(`${service.url}c${query}`, { since }));
  for (const listener of all) await listener.state("open");
  await post(service, "c", "3");
  for (const [i, listener] of all.entries()) {
    await using _ = listener;
    await listener.until(() => listener.data.at(-1) === "3");
    assertEquals(listener.data, cases[i]![2]);
    assertEquals(listener.gaps, []);
  }
});

Deno.test("wherever its connection is cut, nothing is lost, repeated or out of order", async () => {
  // What is sent to the client before it: the answer to the handshake, the first envelope, the messages, the mark.
  await using service = await testService("--message-rate", "0", "--history", "1000");
  await using between = proxy(service.port);
  const before = await post(service, "a", "before");
  for (let n = 1; n <= 6; n++) await post(service, n % 2 ? "a" : "b", `${n}`);
  const url = `http://127.0.0.1:${between.port}/a,b`;
  let last = 6;
  for (let offset = 0; offset < 800; offset += 7) {
    const limits = [offset, offset + 60];
    between.limit = () => limits.shift() ?? Infinity;
    await using listener = new Listener(url, { since: before.id, onstate: atOnce });
    await listener.until(() => listener.data.includes(`${last}`));
    await post(service, "b", `${++last}`);
    await listener.until(() => listener.data.includes(`${last}`));
    assertEquals(listener.data, Array.from({ length: last }, (_, i) => `${i + 1}`));
    assertEquals(listener.gaps, []);
  }
});

Deno.test("what is published while it is cut off arrives, though it began with nothing", async () => {
  await using service = await testService();
  await using between = proxy(service.port);
  await post(service, "c", "before");
  let published: Promise<unknown> = Promise.resolve();
  await using listener = new Listener(`http://127.0.0.1:${between.port}/c`, {
    onstate(state) {
      if (state.name !== "waiting") return;
      published = post(service, "c", `${listener.states.length}`).then(() => atOnce(state));
    },
  });
  await listener.state("open");
  for (let round = 1; round <= 3; round++) {
    between.cut();
    await listener.count(round);
    await listener.state("open");
    await published;
  }
  assertEquals(listener.data, ["3", "6", "9"]);
  assertEquals(listener.gaps, []);
});

Deno.test("it comes back after the server has restarted on its port, and tells the gap", async () => {
  const first = await testService("--drain", "5s");
  const { port } = first;
  await using listener = new Listener(`${first.url}c`);
  await listener.state("open");
  await post(first, "c", "old");
  await listener.count(1);
  await first.shutdown();
  const { code, reason, delay } = listener.states.find(({ name }) => name === "waiting")!;
  assertEquals([code, reason], [1001, "shutting down"]);
  assertEquals(delay! >= 0 && delay! <= 500, true);

  await using second = await testService("--port", `${port}`);
  await post(second, "c", "new");
  await listener.count(2);
  assertEquals(listener.data, ["old", "new"]);
  assertEquals(listener.gaps, [{ c: "epoch" }]);
  await post(second, "c", "newer");
  await listener.count(3);
  assertEquals(listener.messages.at(-1)!.id, listener.subscription.cursor);
});

Deno.test("a gap is told before what is still remembered", async () => {
  await using service = await testService("--history", "2");
  const { id } = await post(service, "c", "1");
  for (const n of ["2", "3", "4"]) await post(service, "c", n);
  const order: unknown[] = [];
  await using listener = new Listener(`${service.url}c`, {
    since: id,
    ongap: (lost) => order.push(lost),
    onmessage: ({ data }) => order.push(data),
  });
  await listener.count(2);
  assertEquals(order, [{ c: "expired" }, "3", "4"]);
});

Deno.test("what is no URL of a channel is thrown", () => {
  for (const url of ["/relative", "ftp://127.0.0.1/c", "http://"]) {
    assertThrows(() => subscribe(url, {}), TypeError);
  }
});

Deno.test("it says so of a server that does not speak its protocol, and tries again", async () => {
  await using service = await testService();
  await using listener = new Listener(service.url);
  const { reason } = await listener.state("waiting");
  assertEquals(reason, "kodama.v1 is not spoken there");
  assertEquals(listener.messages, []);
});

Deno.test("the service hands out the module and its types, to pages of any origin", async () => {
  await using service = await testService();
  for (
    const [name, type] of [["kodama.js", "text/javascript"], [
      "kodama.d.ts",
      "application/typescript",
    ]]
  ) {
    const { status, headers, body } = await ask(service, `GET /-/assets/${name}`);
    assertEquals(status, 200);
    assertEquals(headers.get("content-type"), `${type}; charset=utf-8`);
    assertEquals(headers.get("access-control-allow-origin"), "*");
    assertEquals(body, Deno.readTextFileSync(new URL(`../../static/${name}`, import.meta.url)));
  }
});

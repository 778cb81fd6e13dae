/** What a handler has of a WebSocket: what `send` says, the queue at its edge, and nothing that is not its business. */
import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import WS from "ws";
import type { ServerSocket } from "../../lib/mod.ts";
import { noise } from "../tools/bytes.ts";
import { Heard, Once, rawClient, testServer } from "../tools/library.ts";

const KIB = 1024;

Deno.test("forty messages of 64 KiB that open() sends close nobody: what was taken comes, and drain says when to go on", async () => {
  const payload = noise(64 * KIB), said: number[] = [];
  let sent = 0;
  const more = (socket: ServerSocket) => {
    for (; sent < 40; sent++) {
      const what = socket.send(payload);
      said.push(what);
      if (what === 0) return;
    }
  };
  const closed = new Once<number>();
  await using server = testServer({
    open: more,
    drain: more,
    close: (_, code) => closed.come(code),
  });
  const heard = await Heard.open(server.url);
  for (const message of await heard.take(40)) assertEquals(message, payload);
  assertEquals(said.filter((what) => what !== 0).length, 40);
  // The limit was met on the way.
  assert(said.includes(0));
  assertEquals(said[0], -1);
  heard.client.close(4000);
  assertEquals(await closed.value, 4000);
});

Deno.test("send() takes a message while maxBuffered waits, drops it at one byte more, and goes on once that has left", async () => {
  const edge = 1000, said: [number, number][] = [];
  const drained = new Once<ServerSocket>();
  await using server = testServer({
    maxBuffered: edge,
    message(socket) {
      const send = (length: number) => {
        said.push([socket.send(new Uint8Array(length)), socket.bufferedAmount]);
      };
      send(edge - 4); // and a header of 4 bytes
      send(0); // at the edge
      send(0); // past it
      send(0);
    },
    drain: drained.come,
  });
  await using heard = await Heard.open(server.url);
  heard.client.send("go");
  const socket = await drained.value;
  assertEquals(said, [[edge, edge], [-1, edge + 2], [0, edge + 2], [0, edge + 2]]);
  assertEquals([socket.readyState, socket.open], [1, true]);
  assertEquals(socket.send("after"), 7);
  assertEquals(await heard.take(3), [new Uint8Array(edge - 4), new Uint8Array(0), "after"]);
});

Deno.test("send() says how many bytes a frame has, and -1 from one byte more than 64 KiB that wait", async () => {
  const said: number[] = [], drained = new Once();
  const rest = 64 * KIB - 2 - 5 - 130 - 4;
  await using server = testServer({
    message(socket) {
      said.push(socket.send(""), socket.send("hé"), socket.send(new Uint8Array(126)));
      said.push(socket.send(new Uint8Array(rest)), socket.bufferedAmount);
      said.push(socket.send(""));
    },
    drain: () => drained.come(),
  });
  await using heard = await Heard.open(server.url);
  heard.client.send("go");
  assertEquals((await heard.take(5)).map((message) => message.length), [0, 2, 126, rest, 0]);
  assertEquals(said, [2, 5, 130, rest + 4, 64 * KIB, -1]);
  await drained.value;
});

Deno.test("a peer that takes nothing for writeTimeout is ended, also one whose messages are dropped", async () => {
  const closed = new Once<[number, string]>(), said: number[] = [];
  await using server = testServer({
    writeTimeout: 100,
    closeTimeout: 100,
    open(socket) {
      while (said.at(-1) !== 0) said.push(socket.send(new Uint8Array(8 << 20)));
    },
    close: (_, code, reason) => closed.come([code, reason]),
  });
  using client = await rawClient(server);
  assertEquals(await closed.value, [1013, "reading too slowly"]);
  assertEquals(said, [-1, 0]);
  client.raw.close();
});

Deno.test("the whole process may hold maxBufferedTotal: who holds most of it is ended", async () => {
  const ended = new Once<number>();
  await using server = testServer({
    maxBuffered: 64 << 20,
    maxBufferedTotal: 16 << 20,
    closeTimeout: 100,
    open: (socket) => {
      socket.send(new Uint8Array(24 << 20));
    },
    close: (_, code) => ended.come(code),
  });
  using client = await rawClient(server);
  assertEquals(await ended.value, 1013);
  client.raw.close();
});

Deno.test("a text comes back as it came where a handler sends it back, also when it is large", async () => {
  const twice = new Set(["again"]);
  await using server = testServer({
    deflate: "off",
    message(socket, data) {
      socket.send(data);
      if (twice.has(String(data))) socket.send(data + "!");
    },
  });
  await using heard = await Heard.open(server.url);
  const texts = ["", "a", "hé😀", "\ufeffmark", "x".repeat(200_000), "again"];
  for (const text of texts) heard.client.send(text);
  assertEquals(await heard.take(texts.length + 1), [...texts, "again!"]);
});

Deno.test("binary messages are a handler's own: to keep, to change, and to send changed", async () => {
  const kept: Uint8Array[] = [];
  await using server = testServer({
    message(socket, data) {
      assert(data instanceof Uint8Array);
      kept.push(data);
      if (data.length > 0) data[0]! ^= 0xff;
      socket.send(data);
    },
  });
  await using heard = await Heard.open(server.url);
  const sizes = [0, 1, 7, 8, 100, 4096, 4097, 70_000];
  const sent = sizes.map((size, i) => new Uint8Array(size).fill(i));
  for (const message of sent) heard.client.send(message);
  const back = await heard.take(sizes.length);
  const changed = sent.map((message) => {
    const copy = message.slice();
    if (copy.length > 0) copy[0]! ^= 0xff;
    return copy;
  });
  assertEquals(back, changed);
  assertEquals(kept, changed);
  // Numbers of any size can be read where a message begins.
  assert(kept.every(({ byteOffset }) => byteOffset % 8 === 0));
});

for (
  const [options, threshold, size, compressed] of [
    [undefined, 256, 256, true],
    [undefined, 256, 255, false],
    [{ compress: true }, 256, 100, true],
    [{ compress: false }, 256, 1000, false],
  ] as const
) {
  for (const deflate of ["shared", "takeover"] as const) {
    Deno.test(`send(${JSON.stringify(options)}) of ${size} bytes, from ${threshold} on, ${deflate}: ${compressed ? "compressed" : "as they are"}`, async () => {
      const text = "a".repeat(size), said = new Once<number>();
      await using server = testServer({
        deflate,
        deflateThreshold: threshold,
        open: (socket) => said.come(socket.send(text, options)),
      });
      const client = new WS(server.url), heard = new Once<string>(), ended = new Once();
      client.on("message", (data: Uint8Array) => heard.come(new TextDecoder().decode(data)));
      client.on("close", () => ended.come());
      assertEquals(await heard.value, text);
      assertEquals(await said.value < size, compressed);
      client.close();
      await ended.value;
    });
  }
}

Deno.test("ping() reaches a client that others wrote, with its data, and has 125 bytes at most", async () => {
  const said: number[] = [];
  await using server = testServer({
    open(socket) {
      said.push(socket.ping("here"), socket.ping(new Uint8Array(125)));
      assertThrows(() => socket.ping(new Uint8Array(126)), RangeError, "a ping has at most 125");
    },
  });
  const client = new WS(server.url), pings: string[] = [];
  const both = new Once();
  client.on("ping", (data: Uint8Array) => {
    if (pings.push(new TextDecoder().decode(data)) === 2) both.come();
  });
  await both.value;
  assertEquals(pings, ["here", "\0".repeat(125)]);
  assertEquals(said, [6, 127]);
  const closed = new Promise((resolve) => client.on("close", resolve));
  client.close();
  await closed;
});

Deno.test("terminate() ends a connection at once, and after it nothing does anything", async () => {
  const closed = new Once<[number, number]>();
  await using server = testServer({
    message(socket) {
      socket.terminate();
      assertEquals([socket.send("x"), socket.ping(), socket.open], [0, 0, false]);
      socket.close();
      assertEquals(socket.unsubscribe("a"), false);
    },
    close: (socket, code) => closed.come([code, socket.readyState]),
  });
  const heard = await Heard.open(server.url);
  heard.client.send("x");
  assertEquals(await closed.value, [1006, 3]);
  assertEquals((await heard.ended).wasClean, false);
});

Deno.test("readyState is 2 between close() and the end", async () => {
  const states: number[] = [], closed = new Once();
  await using server = testServer({
    open(socket) {
      states.push(socket.readyState);
      socket.close(4001, "go");
      states.push(socket.readyState);
    },
    close(socket) {
      states.push(socket.readyState);
      closed.come();
    },
  });
  const { code, reason } = await (await Heard.open(server.url)).ended;
  assertEquals([code, reason], [4001, "go"]);
  await closed.value;
  assertEquals(states, [1, 2, 3]);
});

Deno.test("what drain throws ends its connection with 1011, and is told", async () => {
  const errors: unknown[] = [];
  await using server = testServer({
    open: (socket) => void socket.send(new Uint8Array(100_000)),
    drain: () => {
      throw new Error("oops");
    },
    error: (error) => errors.push(String(error)),
  });
  assertEquals((await (await Heard.open(server.url)).ended).code, 1011);
  assertEquals(errors, ["Error: oops"]);
});

for (
  const [option, send, why] of [
    ["messageRate", (client: WS) => client.send("x"), "too many messages"],
    ["pingRate", (client: WS) => client.ping(), "too many pings"],
  ] as const
) {
  Deno.test(`${option} lets a burst of twice itself through, and closes at one more`, async () => {
    const counted = new Once<string>();
    await using server = testServer({
      [option]: 3,
      close: (_, code, reason) => counted.come(`${code} ${reason}`),
    });
    const client = new WS(server.url), ended = new Once();
    client.on("open", () => {
      for (let i = 0; i < 7; i++) send(client);
    });
    client.on("close", (code: number, reason: Uint8Array) => {
      assertEquals([code, new TextDecoder().decode(reason)], [1008, why]);
      ended.come();
    });
    await ended.value;
    assertEquals(await counted.value, `1008 ${why}`);
  });
}

Deno.test("a handler's socket has what is documented, and nothing internal", async () => {
  const names = new Once<string[]>();
  await using server = testServer({
    open(socket) {
      const proto = Object.getPrototypeOf(socket);
      names.come([...Object.keys(socket), ...Object.getOwnPropertyNames(proto)].sort());
    },
  });
  await using _ = await Heard.open(server.url);
  assertEquals(await names.value, [
    ...["bufferedAmount", "close", "constructor", "data", "open", "peer", "ping", "protocol"],
    ...["readyState", "remoteAddress", "send", "subscribe", "subscriptions", "terminate"],
    "unsubscribe",
  ]);
});

Deno.test("a thousand sends in one turn leave in few writes, in order", async () => {
  await using server = testServer({
    message(socket) {
      for (let i = 0; i < 1000; i++) assertGreater(socket.send(String(i)), 0);
      assertLess(socket.bufferedAmount, 6000);
    },
  });
  await using heard = await Heard.open(server.url);
  heard.client.send("go");
  assertEquals(await heard.take(1000), Array.from({ length: 1000 }, (_, i) => String(i)));
});

/** One TCP connection from the server's side: reading, and ending it without losing the last words. */
import { assertEquals, assertRejects } from "@std/assert";
import { Clock } from "../../lib/net/clock.ts";
import { isGone, Transport } from "../../lib/net/transport.ts";
import { noise, utf8 } from "../tools/bytes.ts";
import { RawClient, textOf, within } from "../tools/raw.ts";
import { ResettingClient } from "../tools/reset.ts";
import { asWay, isEncrypted, test } from "../tools/way.ts";

/** Runs a test with both ends of a connection. */
function onPair(
  test: (transport: Transport, client: RawClient, clock: Clock) => Promise<void>,
) {
  return async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const [conn, client] = await Promise.all([
      asWay(listener).accept(),
      RawClient.connect(listener.addr),
    ]);
    const clock = new Clock(5);
    const transport = new Transport(conn, clock);
    try {
      if (isEncrypted()) {
        // The handshake is made by whoever reads.
        await Promise.all([client.send("."), transport.read()]);
        transport.input.clear();
      }
      await test(transport, client, clock);
    } finally {
      transport.drop();
      client.close();
      await transport.outbox.drained();
      clock.stop();
    }
  };
}

function arrived({ input }: Transport): string {
  return textOf(input.bytes.subarray(input.start, input.end));
}

test(
  "Transport reads what arrives into its input, and 0 at the end",
  onPair(async (transport, client) => {
    await client.send("abc");
    assertEquals(await transport.read(), 3);
    await client.send("de");
    assertEquals(await transport.read(), 2);
    assertEquals(arrived(transport), "abcde");
    await client.end();
    assertEquals([await transport.read(), await transport.read()], [0, 0]);
    assertEquals(arrived(transport), "abcde");
  }),
);

test(
  "Transport knows who is at the other end",
  onPair((transport, client) => {
    const { hostname, port } = transport.peer;
    assertEquals([hostname, port], ["127.0.0.1", client.port]);
    return Promise.resolve();
  }),
);

Deno.test({
  name: "Transport has an empty peer over a Unix socket",
  ignore: Deno.build.os === "windows",
  async fn() {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/socket`;
    using listener = Deno.listen({ transport: "unix", path });
    const [conn, client] = await Promise.all([
      listener.accept(),
      Deno.connect({ transport: "unix", path }),
    ]);
    const clock = new Clock(1000);
    const transport = new Transport(conn, clock);
    assertEquals(transport.peer, { hostname: "", port: 0 });
    transport.drop();
    client.close();
    clock.stop();
    await Deno.remove(folder, { recursive: true });
  },
});

test(
  "Transport.leave() sends what waits, then ends its side and throws away what still comes",
  onPair(async (transport, client) => {
    await client.send("unread");
    await transport.read();
    transport.outbox.bytes(noise(1_000_000));
    transport.outbox.frame(0x81, utf8("last words"));
    const left = transport.leave(5000);
    assertEquals([transport.leaving, transport.input.length], [true, 0]);
    await client.send("too late");
    const end = transport.read();
    const received = await client.readAll();
    await left;
    assertEquals([received.length, client.ended], [1_000_012, "FIN"]);
    await client.end();
    assertEquals([await end, transport.input.length], [0, 0]);
  }),
);

test(
  "Transport.leave() a second time does not end the grace of the first",
  onPair(async (transport, client) => {
    await transport.leave(5000);
    await transport.leave(0);
    await client.readAll();
    assertEquals(client.ended, "FIN");
    const read = transport.read();
    await client.end();
    assertEquals(await read, 0);
  }),
);

test(
  "Transport drops a peer that does not end its side within the grace",
  onPair(async (transport) => {
    const read = transport.read();
    await transport.leave(20);
    const error = await within(2000, "the drop", assertRejects(() => read, Error));
    assertEquals(isGone(error), true);
  }),
);

test(
  "Transport calls its owner's deadlines until it leaves",
  onPair(async (transport, client) => {
    const ticked = Promise.withResolvers<void>();
    let calls = 0;
    transport.owner = {
      overflow() {},
      tick(now) {
        assertEquals(now, transport.now);
        assertEquals(transport.leaving, false);
        if (++calls === 3) {
          transport.leave(20);
          ticked.resolve();
        }
      },
    };
    await within(2000, "three ticks", ticked.promise);
    await client.readAll();
    await assertRejects(() => transport.read(), Error);
    assertEquals(calls, 3);
  }),
);

test(
  "Transport.drop() rejects the read and the write under way, and can be called again",
  onPair(async (transport) => {
    const read = transport.read();
    transport.outbox.bytes(new Uint8Array(32 << 20));
    transport.outbox.flush();
    transport.drop();
    transport.drop();
    assertEquals(isGone(await assertRejects(() => read, Error)), true);
    await transport.outbox.drained();
    assertEquals(isGone(transport.outbox.failure), true);
    assertEquals(isGone(await assertRejects(() => transport.read(), Error)), true);
    await transport.leave(10);
  }),
);

test("Transport takes a peer that resets for gone, reading, writing and leaving", async () => {
  for (const write of [true, false]) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const connecting = ResettingClient.connect(listener.addr);
    const clock = new Clock(1000);
    const transport = new Transport(await asWay(listener).accept(), clock);
    const end = assertRejects(() => transport.read(), Error);
    await (await connecting).reset();
    assertEquals(isGone(await end), true);
    if (write) {
      transport.outbox.bytes(utf8("to nobody"));
      await transport.outbox.drained();
      assertEquals(isGone(transport.outbox.failure), true);
    }
    await transport.leave(10);
    transport.drop();
    clock.stop();
  }
});

test("isGone() knows what a network does from what is a fault of ours", () => {
  for (
    const error of [
      new Deno.errors.ConnectionReset(),
      new Deno.errors.BrokenPipe(),
      new Deno.errors.Interrupted(),
      new Deno.errors.BadResource(),
      new Deno.errors.TimedOut(),
    ]
  ) assertEquals(isGone(error), true, error.name);
  for (const error of [new Error(), new TypeError(), new Deno.errors.NotFound(), undefined, "x"]) {
    assertEquals(isGone(error), false);
  }
});

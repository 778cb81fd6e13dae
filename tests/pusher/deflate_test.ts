/** Events to clients that compress: encoded once for all, or by each connection for itself. */
import { assertEquals } from "@std/assert";
import { WebSocket } from "ws";
import { APP, AppServer, flagOf } from "../tools/pusher.ts";
import { testService } from "../tools/service.ts";

for (const mode of ["shared", "takeover", "off"]) {
  Deno.test(`an event is the same for whoever compresses and who does not, with --deflate ${mode}`, async () => {
    await using service = await testService(...flagOf(APP), "--deflate", mode);
    const url = `ws://127.0.0.1:${service.port}/app/${APP.key}?protocol=7`;
    const sockets = [true, true, false].map((perMessageDeflate) => {
      const socket = new WebSocket(url, { perMessageDeflate });
      const subscribed = Promise.withResolvers<void>(), all = Promise.withResolvers<unknown[]>();
      const events: unknown[] = [];
      socket.on("message", (bytes: Uint8Array) => {
        const { event, data } = JSON.parse(new TextDecoder().decode(bytes));
        if (event === "pusher:connection_established") {
          socket.send('{"event":"pusher:subscribe","data":{"channel":"btc"}}');
        } else if (event === "pusher_internal:subscription_succeeded") subscribed.resolve();
        else if (events.push([event, data]) === 3) all.resolve(events);
      });
      const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
      return { socket, subscribed: subscribed.promise, all: all.promise, closed };
    });
    await Promise.all(sockets.map(({ subscribed }) => subscribed));
    assertEquals(sockets.map(({ socket }) => socket.extensions !== ""), [
      mode !== "off",
      mode !== "off",
      false,
    ]);
    const server = new AppServer(service), expected: unknown[] = [];
    for (const size of [10, 5000, 10_000]) {
      const data = "kodama ".repeat(size).slice(0, size);
      expected.push(["e", data]);
      await server.trigger("btc", "e", data);
    }
    for (const { all } of sockets) assertEquals(await all, expected);
    for (const { socket, closed } of sockets) {
      socket.close();
      await closed;
    }
  });
}

/** Laravel Echo, from its registry and unchanged, with an application that authorizes as Laravel does. */
import { assertEquals } from "@std/assert";
import Echo from "laravel-echo";
import PusherJS from "pusher-js";
import { APP, AppServer, flagOf, next } from "../tools/pusher.ts";
import { pusherTest } from "../tools/pusher_ways.ts";
import type { TestService } from "../tools/service.ts";

/** The application: `POST /broadcasting/auth`, and a message that goes to all others than whoever sends it. */
function application(service: TestService) {
  const server = new AppServer(service);
  const http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url), headers = { Connection: "close" };
    if (pathname === "/broadcasting/auth") {
      const form = new URLSearchParams(await request.text());
      const channel = form.get("channel_name")!, user = request.headers.get("X-User")!;
      const data = { user_id: user, user_info: { id: user, name: user } };
      const member = channel.startsWith("presence-") ? data : undefined;
      return Response.json(server.authorize(form.get("socket_id")!, channel, member), {
        headers,
      });
    }
    const socket_id = request.headers.get("X-Socket-Id")!;
    const event = await request.json();
    await server.trigger("private-orders.7", "App\\Events\\Shipped", event, { socket_id });
    return new Response("", { headers });
  });
  return {
    url: `http://127.0.0.1:${http.addr.port}`,
    [Symbol.asyncDispose]: () => http.shutdown(),
  };
}

function echoOf(service: TestService, url: string, user: string) {
  return new Echo({
    broadcaster: "reverb",
    key: APP.key,
    wsHost: "127.0.0.1",
    wsPort: service.port,
    forceTLS: false,
    enabledTransports: ["ws"],
    authEndpoint: `${url}/broadcasting/auth`,
    auth: { headers: { "X-User": user } },
    Pusher: PusherJS,
    // deno-lint-ignore no-explicit-any
  } as any) as Echo<"reverb">;
}

pusherTest(
  "Laravel Echo listens, whispers, joins, and leaves out whoever sends",
  flagOf(APP),
  async (one, other) => {
    await using app = application(other);
    const ann = echoOf(one, app.url, "ann"), bob = echoOf(other, app.url, "bob");
    const echoes = [ann, bob];
    try {
      await Promise.all(
        echoes.map((echo) =>
          new Promise<void>((done) => echo.private("orders.7").subscribed(done))
        ),
      );
      const shipped: [string, unknown][] = [];
      const told = Promise.withResolvers<void>();
      ann.private("orders.7").listen("Shipped", (event: unknown) => shipped.push(["ann", event]));
      bob.private("orders.7").listen("Shipped", (event: { n: number }) => {
        shipped.push(["bob", event]);
        if (event.n === 2) told.resolve();
      });
      const send = async (event: unknown, socketId: string) => {
        const headers = { "X-Socket-Id": socketId };
        const answer = await fetch(app.url, {
          method: "POST",
          headers,
          body: JSON.stringify(event),
        });
        await answer.body?.cancel();
      };
      await send({ n: 1 }, ann.socketId()!);
      await send({ n: 2 }, "1.1");
      await told.promise;
      assertEquals(shipped.filter(([who]) => who === "bob").map(([, event]) => event), [{ n: 1 }, {
        n: 2,
      }]);
      const whisper = Promise.withResolvers<unknown>();
      bob.private("orders.7").listenForWhisper("typing", whisper.resolve);
      ann.private("orders.7").whisper("typing", { name: "ann" });
      assertEquals(await whisper.promise, { name: "ann" });
      // What came to ann before came in order, so the first was not among it.
      assertEquals(shipped.filter(([who]) => who === "ann").map(([, event]) => event), [{ n: 2 }]);

      const here = Promise.withResolvers<unknown>(), joining = Promise.withResolvers<unknown>();
      const leaving = Promise.withResolvers<unknown>();
      const room = ann.join("room").here(here.resolve).joining(joining.resolve).leaving(
        leaving.resolve,
      );
      assertEquals(await here.promise, [{ id: "ann", name: "ann" }]);
      bob.join("room");
      assertEquals(await joining.promise, { id: "bob", name: "bob" });
      bob.leave("room");
      assertEquals(await leaving.promise, { id: "bob", name: "bob" });
      assertEquals(room.name, "presence-room");
    } finally {
      for (const echo of echoes) {
        const gone = next(echo.connector.pusher.connection, "disconnected");
        echo.disconnect();
        await gone;
      }
    }
  },
);

/**
 * kodama.js where the server refuses its handshake: what is final, and what it tells of the reason.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { mintToken } from "../../lib/auth/mint.ts";
import { testService } from "../tools/service.ts";
import { Listener } from "./listener.ts";

const secret = "a secret of at least thirty-two bytes";

/** Answers whatever is asked with a status, and counts the handshakes. */
function refusingServer(status: number) {
  const seen = { handshakes: 0, authorization: "" };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ headers }) => {
    if (headers.get("upgrade") === null) seen.authorization = headers.get("authorization") ?? "";
    else seen.handshakes++;
    return new Response(`because of ${status}\n`, { status });
  });
  return {
    seen,
    url: `http://127.0.0.1:${server.addr.port}/c`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

for (
  const [status, name] of [
    [400, "closed"],
    [401, "closed"],
    [403, "closed"],
    [404, "closed"],
    [408, "waiting"],
    [429, "waiting"],
    [499, "closed"],
    [500, "waiting"],
    [503, "waiting"],
  ] as const
) {
  Deno.test(`it is ${name} after ${status} to its handshake, and tells the reason`, async () => {
    await using server = refusingServer(status);
    await using listener = new Listener(server.url, { token: () => "a.b.c" });
    const state = await listener.state(name);
    assertEquals([state.status, state.reason], [status, `because of ${status}`]);
    assertEquals(server.seen, { handshakes: 1, authorization: "Bearer a.b.c" });
  });
}

Deno.test("the service's refusal ends it, in the service's own words", async () => {
  await using service = await testService("--secret", secret);
  const token = await mintToken(
    secret,
    { read: ["d"], write: [], subject: "", ttl: 60_000 },
    Date.now(),
  );
  for (const [options, status] of [[{}, 401], [{ token }, 403]] as const) {
    await using listener = new Listener(`${service.url}c`, options);
    const state = await listener.state("closed");
    assertEquals(state.status, status);
    assertMatch(state.reason!, /\S/);
    assertEquals(listener.names, ["connecting", "closed"]);
  }
});

Deno.test("it can be closed while it asks why it was refused", async () => {
  let answer = (_: Response) => {};
  const asked = Promise.withResolvers<void>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ headers }) => {
      if (headers.get("upgrade") !== null) return new Response("no", { status: 403 });
      return new Promise((resolve) => (answer = resolve, asked.resolve()));
    },
  );
  await using listener = new Listener(`http://127.0.0.1:${server.addr.port}/c`);
  await asked.promise;
  listener.subscription.close();
  await listener.state("closed");
  answer(new Response("no", { status: 403 }));
  assertEquals(listener.names, ["connecting", "closed"]);
});

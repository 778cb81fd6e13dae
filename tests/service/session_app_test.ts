/**
 * A real application with sessions beside Kodama: Hono, as its users write it, with a cookie that it signs.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { Hono } from "hono";
import { deleteCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import { ask, Subscriber } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";

const SECRET = "what the application signs its cookies with";
const rooms: Record<string, string[]> = { ann: ["1", "2"], bob: ["2"] };

/** Logs people in, says who somebody is, and answers Kodama by that. */
function application(): Hono {
  const sessions = new Map<string, string>();
  const app = new Hono();
  app.post("/login/:name", async (c) => {
    const session = crypto.randomUUID();
    sessions.set(session, c.req.param("name"));
    await setSignedCookie(c, "session", session, SECRET, { httpOnly: true });
    return c.text("welcome");
  });
  app.post("/logout", async (c) => {
    sessions.delete(await getSignedCookie(c, SECRET, "session") || "");
    deleteCookie(c, "session");
    return c.text("bye");
  });
  app.get("/me", async (c) => {
    const name = sessions.get(await getSignedCookie(c, SECRET, "session") || "");
    return name === undefined ? c.text("who?", 401) : c.json({ name });
  });
  app.post("/kodama/authorize", async (c) => {
    const { headers } = await c.req.json();
    const me = await app.request("/me", { headers });
    if (me.status !== 200) return c.text("who?", 401);
    const { name } = await me.json();
    const may = rooms[name]!.map((room) => `rooms/${room}`);
    return c.json({ sub: name, info: { name }, r: may, w: may });
  });
  return app;
}

Deno.test("who has logged in to an application of Hono's has the rooms that it gives, until they log out", async () => {
  const app = application();
  const where = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const server = Deno.serve(where, async (request) => {
    const response = await app.fetch(request);
    response.headers.set("Connection", "close");
    return response;
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  const login = async (name: string) => {
    const response = await fetch(`${url}/login/${name}`, { method: "POST" });
    await response.text();
    return response.headers.get("set-cookie")!.split(";")[0]!;
  };
  await using service = await testService("--authorize", `${url}/kodama/authorize`);
  const ann = await login("ann"), bob = await login("bob");
  assertMatch(ann, /^session=[\w-]+\.\S+%3D$/);
  const rows: [room: string, Cookie: string | undefined, status: number][] = [
    ["1", ann, 200],
    ["2", ann, 200],
    ["1", bob, 403],
    ["2", bob, 200],
    ["1", undefined, 401],
    ["1", "session=forged.x", 401],
    // A session of another's signature.
    ["1", ann.replace(/\..*/, "") + bob.slice(bob.indexOf(".")), 401],
  ];
  for (const [room, Cookie, status] of rows) {
    const answer = await ask(service, `GET /rooms/${room}`, { Cookie });
    assertEquals(answer.status, status, `${room} ${Cookie}`);
  }
  using hers = await Subscriber.open(service, "/rooms/2", { Cookie: ann });
  using his = await Subscriber.open(service, "/rooms/2", { Cookie: bob });
  await hers.say("hello bob");
  assertEquals([await hers.text(), await his.text()], Array(2).fill("hello bob"));
  const { members } = JSON.parse(
    (await ask(service, "GET /rooms/2?presence", { Cookie: bob })).body,
  );
  const byName = (a: { sub: string }, b: { sub: string }) => a.sub < b.sub ? -1 : 1;
  assertEquals(members.sort(byName), [
    { sub: "ann", connections: 1, info: { name: "ann" } },
    { sub: "bob", connections: 1, info: { name: "bob" } },
  ]);
  const response = await fetch(`${url}/logout`, { method: "POST", headers: { Cookie: ann } });
  assertEquals(await response.text(), "bye");
  assertEquals((await ask(service, "GET /rooms/2", { Cookie: ann })).status, 401);
  await server.shutdown();
});

/**
 * Rooms to talk in, for whoever has signed in: Hono answers HTTP and knows sessions, Kodama's library holds the
 * WebSockets and remembers what was said, all on one port.
 *
 *     deno run --allow-net --allow-env examples/hono/main.ts [PORT]
 *
 * @module
 */
import { Hono } from "hono";
import { deleteCookie, setSignedCookie } from "hono/cookie";
import { html } from "hono/html";
import { parseSigned } from "hono/utils/cookie";
import { serve } from "@kodama/kodama";

/** Signs sessions. Without one that stays, everybody signs in again after a restart. */
const secret = Deno.env.get("SESSION_SECRET") ?? crypto.randomUUID();
const rooms = ["lobby", "music", "news"];

/** Who sends a request, by its session; `undefined` for nobody. Pages and WebSockets ask it alike. */
async function userOf(request: Request): Promise<string | undefined> {
  const { session } = await parseSigned(request.headers.get("cookie") ?? "", secret, "session");
  return session || undefined;
}

const app = new Hono();

app.get("/", async (c) => {
  const user = await userOf(c.req.raw);
  if (user === undefined) {
    return c.html(page(html`
      <form method="post" action="/session">
        <input name="name" placeholder="your name" aria-label="your name" required maxlength="30">
        <button>Sign in</button>
      </form>
    `));
  }
  const links = rooms.map((room) => html`<li><a href="/rooms/${room}">${room}</a></li>`);
  return c.html(page(html`
    <p>Hello ${user}. Where to?</p>
    <ul>${links}</ul>
    <form method="post" action="/session/end"><button>Sign out</button></form>
  `));
});

app.post("/session", async (c) => {
  // A real application asks for a password here.
  const { name } = await c.req.parseBody();
  if (typeof name !== "string" || name.trim() === "") return c.text("who are you?", 400);
  const options = { httpOnly: true, sameSite: "Lax", path: "/" } as const;
  await setSignedCookie(c, "session", name.trim().slice(0, 30), secret, options);
  return c.redirect("/", 303);
});

app.post("/session/end", (c) => {
  deleteCookie(c, "session", { path: "/" });
  return c.redirect("/", 303);
});

app.get("/rooms/:room", async (c) => {
  if (await userOf(c.req.raw) === undefined) return c.redirect("/", 303);
  const room = c.req.param("room");
  if (!rooms.includes(room)) return c.notFound();
  return c.html(page(html`
    <h2>${room}</h2>
    <ol id="list"></ol>
    <form
      id="say"><input name="text" placeholder="a message" aria-label="a message" autocomplete="off" required><button>Send</button></form>
    <p><a href="/">All rooms</a></p>
    <script type="module">
          // Everything that the room remembers, and after a cut what was said meanwhile.
          let since = "all", socket;
          function connect() {
            socket = new WebSocket(location.pathname + "?since=" + since);
            socket.onmessage = (event) => {
              const { id, data } = JSON.parse(event.data);
              if (!id) return;
              since = id;
              const item = document.createElement("li");
              item.textContent = data.name + ": " + data.text;
              document.querySelector("#list").append(item);
            };
            socket.onclose = () => setTimeout(connect, 500 + Math.random() * 1000);
          }
          document.querySelector("#say").onsubmit = (event) => {
            event.preventDefault();
            socket.send(event.target.text.value);
            event.target.reset();
          };
          connect();
        </script>
  `));
});

/** A whole page around what it is about; Hono escapes what is put in. */
function page(body: ReturnType<typeof html>) {
  return html`
    <!DOCTYPE html>
    <html lang="en"><meta charset="utf-8">
        <meta name="viewport" content="width=device-width"><title>Rooms</title>
        <link rel="icon" href="data:,">
        <style>
          body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; color-scheme: light dark }
          ol { list-style: none; padding: 0 }
          input, button { font: inherit; padding: 0.3rem }
        </style>
        <h1>Rooms</h1>${body}</html>
  `;
}

const server = serve({
  port: Number(Deno.args[0] ?? 8000),
  fetch: app.fetch,
  async upgrade(request) {
    const { pathname, searchParams } = new URL(request.url);
    const room = pathname.replace("/rooms/", "");
    const name = await userOf(request);
    if (name === undefined) return new Response("sign in first", { status: 401 });
    if (!rooms.includes(room)) return new Response("there is no such room", { status: 404 });
    return { data: { name, room, since: searchParams.get("since") ?? "all" } };
  },
  open: (socket) =>
    socket.subscribe(socket.data.room, { since: socket.data.since, envelope: true }),
  message({ data: { name, room } }, text) {
    server.publish(room, { name, text: String(text) });
  },
  onListen: (addr) => console.log(`Open http://127.0.0.1:${(addr as Deno.NetAddr).port}/`),
});

/**
 * Kodama behind nginx and Caddy, with the files in `deploy/`.
 */
import { assert, assertEquals } from "@std/assert";
import { PROXIES, proxyVersion, startKodama, startProxy } from "../clients/ways.ts";
import { ask, type RequestFields } from "../tools/channels.ts";
import { within } from "../tools/raw.ts";

/** Far below the time after which a buffer would be given up. */
const SOON = 3000;

for (const [name, { needs }] of Object.entries(PROXIES)) {
  const test = async (title: string, run: (port: number, own: number) => Promise<void>) => {
    Deno.test({
      name: `through ${name}: ${title} (needs ${needs})`,
      ignore: await proxyVersion(name) === undefined,
      async fn() {
        await using kodama = await startKodama();
        await using proxy = await startProxy(name, kodama.port);
        await run(proxy.port, kodama.port);
      },
    });
  };

  await test(
    "a WebSocket, what is published to it, events as they come, and who may write",
    async (port, own) => {
      const echo = await open(port, "/-/echo");
      echo.socket.send("hello");
      assertEquals(await echo.next(), "hello");
      await echo.close();

      const subscriber = await open(port, "/btc");
      const events = await listen(port, "/btc");
      // A client of this machine, by the proxy's word; what it says itself is not believed.
      const claims: RequestFields[] = [
        {},
        { "X-Forwarded-For": "192.0.2.1" },
        { "X-Forwarded-For": "127.0.0.1, 192.0.2.1" },
      ];
      for (const [i, fields] of claims.entries()) {
        const { status, body } = await ask({ port }, "POST /btc", fields, `${i}`);
        assertEquals([status, JSON.parse(body).subscribers], [200, 2], JSON.stringify(fields));
        assertEquals(await subscriber.next(), `${i}`);
        assertEquals(JSON.parse(await within(SOON, "an event", events.next())).data, `${i}`);
      }
      // Whoever comes without a proxy and says that it is another is another.
      const foreign = await ask(
        { port: own },
        "POST /btc",
        { "X-Forwarded-For": "192.0.2.1" },
        "x",
      );
      assertEquals(foreign.status, 403);
      await subscriber.close();
      await events.close();
    },
  );
}

/** A WebSocket that is open. */
async function open(port: number, path: string) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  const messages: string[] = [], waiting: ((text: string) => void)[] = [];
  socket.onmessage = ({ data }) => {
    const take = waiting.shift();
    if (take === undefined) messages.push(data);
    else take(data);
  };
  const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
  await within(SOON, "a WebSocket", new Promise((resolve) => socket.onopen = resolve));
  return {
    socket,
    next(): Promise<string> {
      const first = messages.shift();
      const next = first ?? new Promise<string>((resolve) => waiting.push(resolve));
      return within(SOON, "a message", Promise.resolve(next));
    },
    async close() {
      socket.close();
      await closed;
    },
  };
}

/** A stream of events whose first one has come. */
async function listen(port: number, path: string) {
  const headers = { Accept: "text/event-stream" };
  const answer = await within(
    SOON,
    "a head",
    fetch(`http://127.0.0.1:${port}${path}`, { headers }),
  );
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const next = async () => {
    for (;;) {
      const [event, data] = /^(?:.*\n)*?data: (.*)\n\n/.exec(text) ?? [];
      if (event !== undefined) {
        text = text.slice(event.length);
        return data!;
      }
      const { value, done } = await reader.read();
      assert(!done, "the stream has ended");
      text += value;
    }
  };
  assertEquals(JSON.parse(await within(SOON, "the first event", next())).gap, false);
  return { next, close: () => reader.cancel() };
}

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
  Deno.test({
    name:
      `through ${name}: a WebSocket, publishing, events as they come, and who is there (needs ${needs})`,
    ignore: await proxyVersion(name) === undefined,
    async fn() {
      const lines = new Lines();
      await using kodama = await startKodama("info", (text) => lines.take(text));
      await using proxy = await startProxy(name, kodama.port);
      const { port } = proxy;

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
      await subscriber.close();
      await events.close();

      // The log has the client's address: the proxy's own would have a port.
      assertEquals((await ask({ port }, "GET /btc?since=x")).status, 400);
      await lines.one(/ refused peer="127\.0\.0\.1" status=400 /);
      // Only nginx can be told to take somebody for another.
      if (name !== "nginx") return;
      const { status } = await ask({ port }, "POST /btc", { "X-Test-Client": "192.0.2.7" }, "x");
      assertEquals(status, 403);
      await lines.one(/ refused peer="192\.0\.2\.7" status=403 /);
    },
  });
}

/** Lines of a log, as they come. */
class Lines {
  #text = "";
  #waiting: (() => void)[] = [];

  take(text: string): void {
    this.#text += text;
    for (const look of this.#waiting.splice(0)) look();
  }

  /** Resolves when there is one that is wanted. */
  one(wanted: RegExp): Promise<void> {
    const look = async () => {
      while (!wanted.test(this.#text)) await new Promise<void>((more) => this.#waiting.push(more));
    };
    return within(SOON, `a line ${wanted}`, look());
  }
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

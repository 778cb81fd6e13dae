/** The snippets of docs/pusher.md, run in their order. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import Echo from "laravel-echo";
import pusherJS from "pusher-js";
import { partsOf } from "../tools/examples.ts";
import { AppServer, type Emitter, next, type PusherClient } from "../tools/pusher.ts";
import { testService } from "../tools/service.ts";
import { ask } from "../tools/channels.ts";

const document = Deno.readTextFileSync(new URL("../../docs/pusher.md", import.meta.url));
const parts = partsOf(document);
const js = parts.filter(({ kind }) => kind === "js").map(({ text }) => text);
const sh = parts.filter(({ kind }) => kind === "sh").map(({ text }) => text);

/** Runs a snippet: what it imports is given, and where it connects is the service. */
function run(snippet: string, port: number, names: Record<string, unknown>): unknown {
  const code = snippet.replaceAll(/^import .*$/gm, "").replaceAll("9999", String(port));
  const body =
    `return (async () => {${code}\nreturn typeof echo === "object" ? echo : pusher; })();`;
  return new Function(...Object.keys(names), body)(...Object.values(names));
}

Deno.test("docs/pusher.md: its snippets do what they say", async () => {
  const [, id, key, secret] = /KODAMA_PUSHER=([^:]+):([^:]+):(\S+)/.exec(sh[0]!)!;
  const app = { id: id!, key: key!, secret: secret! };
  const [browser, server, laravel] = js as [string, string, string];
  await using service = await testService("--pusher", Object.values(app).join(":"));
  const logged: unknown[] = [], log = Promise.withResolvers<void>();
  const console = {
    log(data: unknown) {
      if (logged.push(data) === 4) log.resolve();
    },
  };
  const client = await run(browser, service.port, { Pusher: pusherJS, console }) as PusherClient;
  const echo = await run(laravel, service.port, { Echo, Pusher: pusherJS, console }) as {
    channel(name: string): { subscription: Emitter };
    disconnect(): void;
    connector: { pusher: PusherClient };
  };
  try {
    await next(client.channel("btc")!, "pusher:subscription_succeeded");
    const { subscription } = echo.channel("btc");
    if (!echo.connector.pusher.channel("btc")!.subscribed) {
      await next(subscription, "pusher:subscription_succeeded");
    }
    // What Pusher's library does with this is tried by `deno task clients`; here it is one that is given the same.
    class Pusher {
      readonly #server: AppServer;
      constructor({ appId, key, secret, host, port }: Record<string, string>) {
        assertEquals(host, "127.0.0.1");
        const given = { id: appId!, key: key!, secret: secret! };
        this.#server = new AppServer({ port: Number(port) }, given);
      }
      trigger(channel: string, name: string, data: unknown) {
        return this.#server.trigger(channel, name, data);
      }
    }
    await run(server, service.port, { Pusher });
    const curl = sh.find((text) => text.includes("-d '"))!;
    const body = /-d '(.*?)'/.exec(curl)![1]!;
    const fields = { "Content-Type": "application/json" };
    assertEquals((await ask(service, "POST /btc", fields, body)).status, 200);
    await log.promise;
    assertEquals(logged.filter((data) => JSON.stringify(data) === '{"value":42}').length, 2);
    assertEquals(logged.filter((data) => JSON.stringify(data) === '{"value":43}').length, 2);
    const history = await ask(service, "GET /btc?since=all");
    assertStringIncludes(history.body, '"data":{"event":"price","data":{"value":42}}');
  } finally {
    client.disconnect();
    echo.disconnect();
  }
});

Deno.test("docs/pusher.md: Laravel's variables are of the app that is begun with", () => {
  const ini = parts.find(({ kind }) => kind === "ini")!.text;
  for (const line of ["REVERB_APP_ID=app-id", "REVERB_APP_KEY=app-key", "REVERB_PORT=9999"]) {
    assert(ini.includes(line));
  }
});

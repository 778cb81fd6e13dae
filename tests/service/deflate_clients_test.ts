import { assert, assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import WS from "ws";
import { concat, noise } from "../tools/bytes.ts";
import { json } from "../tools/deflate.ts";
import { testService } from "../tools/service.ts";

type Deflate = Exclude<WS.ClientOptions["perMessageDeflate"], boolean | undefined>;

/** A client whose messages are taken one by one. */
class Client implements AsyncDisposable {
  readonly ws: WS;
  readonly #arrived: [data: Uint8Array, binary: boolean][] = [];
  #wake = () => {};

  private constructor(ws: WS) {
    this.ws = ws;
    ws.on("message", (data: Uint8Array, binary: boolean) => {
      this.#arrived.push([data, binary]);
      this.#wake();
    });
  }

  static async connect(port: number, perMessageDeflate: boolean | Deflate): Promise<Client> {
    const ws = new WS(`ws://127.0.0.1:${port}/-/echo`, { perMessageDeflate });
    const client = new Client(ws);
    await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
    return client;
  }

  /** The next message. */
  async next(): Promise<[data: Uint8Array, binary: boolean]> {
    while (this.#arrived.length === 0) {
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve;
        this.ws.once("close", (code: number) => reject(new Error(`closed with ${code}`)));
      });
      this.ws.removeAllListeners("close");
    }
    return this.#arrived.shift()!;
  }

  /** Asserts that the next message is this one. */
  async gets(data: Uint8Array, binary: boolean): Promise<void> {
    const [echoed, wasBinary] = await this.next();
    assertEquals([echoed.length, wasBinary], [data.length, binary]);
    // An assertion on so many elements would take seconds.
    assert(data.every((byte, i) => byte === echoed[i]), `${data.length} bytes are not the same`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.ws.once("close", resolve));
    this.ws.close();
    await closed;
  }
}

/** Messages that shrink, and that do not, some of them below the threshold; and large ones. */
const messages = [
  new Uint8Array(0),
  json(200),
  json(1000),
  noise(300),
  json(5000),
  concat(noise(10_000), json(20_000)),
];
const largest = [json(65_535), json(65_536), json(1 << 20), noise(1 << 20)];

/** Sends each message in several ways, and asserts that it comes back each time. */
async function echoes(client: Client, all: Uint8Array[]): Promise<void> {
  for (const data of all) {
    const binary = data.some((byte) => byte >= 0x80);
    client.ws.send(data, { binary });
    client.ws.send(data, { binary: true, compress: false });
    const third = Math.floor(data.length / 3);
    client.ws.send(data.subarray(0, third), { binary: true, fin: false });
    client.ws.ping("between");
    client.ws.send(data.subarray(third, 2 * third), { binary: true, fin: false });
    client.ws.send(data.subarray(2 * third), { binary: true, fin: true });
    await client.gets(data, binary);
    await client.gets(data, true);
    await client.gets(data, true);
  }
}

/** All combinations of the parameters that ws offers. */
function* offers(): Generator<Deflate> {
  for (const clientNoContextTakeover of [undefined, true, false]) {
    for (const serverNoContextTakeover of [undefined, true, false]) {
      for (const serverMaxWindowBits of [undefined, 9, 15]) {
        for (const clientMaxWindowBits of [undefined, true, 9, 15]) {
          const all = {
            clientNoContextTakeover,
            serverNoContextTakeover,
            serverMaxWindowBits,
            clientMaxWindowBits,
          };
          const given = Object.entries(all).filter(([, value]) => value !== undefined);
          // Small messages are compressed too.
          yield { threshold: 0, ...Object.fromEntries(given) } as Deflate;
        }
      }
    }
  }
}

for (const mode of ["shared", "takeover"]) {
  Deno.test(`ws gets every message back with whatever it offers, with --deflate ${mode}`, async () => {
    await using service = await testService("--deflate", mode, "--message-rate", "0");
    for (const offer of offers()) {
      await using client = await Client.connect(service.port, offer);
      assertMatch(client.ws.extensions, /permessage-deflate/, JSON.stringify(offer));
      await echoes(client, messages);
    }
  });

  Deno.test(`ws gets messages of 64 KiB to 1 MiB back, with --deflate ${mode}`, async () => {
    await using service = await testService("--deflate", mode, "--message-rate", "0");
    for (const offer of [{}, { serverMaxWindowBits: 9, clientMaxWindowBits: 9 }]) {
      await using client = await Client.connect(service.port, offer);
      await echoes(client, largest);
    }
  });

  Deno.test(`many messages sent at once come back in order, with --deflate ${mode}`, async () => {
    await using service = await testService("--deflate", mode, "--message-rate", "0");
    await using client = await Client.connect(service.port, { threshold: 0 });
    // Some 20 MB, of which little is on the wire: more than may wait for a reader.
    const all = Array.from({ length: 600 }, (_, i) => json(200 + i * 113));
    for (const [i, data] of all.entries()) client.ws.send(data, { compress: i % 5 > 0 });
    for (const data of all) await client.gets(data, true);
  });
}

Deno.test("--deflate off agrees on nothing, nor is there anything for who offers nothing", async () => {
  await using off = await testService("--deflate", "off");
  await using shared = await testService();
  for (const [port, offer] of [[off.port, {}], [shared.port, false]] as const) {
    await using client = await Client.connect(port, offer);
    assertEquals(client.ws.extensions, "");
    await echoes(client, messages);
  }
});

Deno.test("a bomb ends its own connection with 1009 and no other", async () => {
  await using service = await testService("--max-message", "1MiB");
  await using other = await Client.connect(service.port, {});
  const client = await Client.connect(service.port, {});
  const closed = new Promise((resolve) => client.ws.once("close", resolve));
  client.ws.send(new Uint8Array(32 << 20));
  assertEquals(await closed, 1009);
  await echoes(other, messages.slice(0, 3));
});

Deno.test("others are served while a message of 48 MiB inflates", async () => {
  await using service = await testService("--max-message", "64MiB", "--message-rate", "0");
  await using large = await Client.connect(service.port, {});
  await using small = await Client.connect(service.port, {});
  const size = 48 << 20;
  let arrived = false;
  const echoed = large.next().then((message) => (arrived = true, message));
  // Once it is on its way it is some 48 KB.
  await new Promise((resolve) => large.ws.send(new Uint8Array(size), {}, resolve));
  let answered = 0;
  while (!arrived) {
    small.ws.send(`${answered}`);
    const [data] = await small.next();
    assertEquals(new TextDecoder().decode(data), `${answered++}`);
  }
  const [message, binary] = await echoed;
  assertEquals([message.length, binary], [size, true]);
  assert(message.every((byte) => byte === 0));
  // Hundreds are answered, between the 768 steps; were it one step, or the sockets not looked at, hardly any would be.
  assertGreaterOrEqual(answered, 30);
});

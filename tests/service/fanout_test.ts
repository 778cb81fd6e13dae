/** One message to very many, of which some never read: nobody else notices. */
import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { numberOf } from "../tools/channels.ts";
import { channelTest, tried } from "../tools/engines.ts";
import { answers, hasAnswers } from "../tools/answers.ts";
import { concat, utf8 } from "../tools/bytes.ts";
import { RawClient, textOf, within } from "../tools/raw.ts";
import { testService as start } from "../tools/service.ts";

const SUBSCRIBERS = 1000;
const STUCK = 10;
/** A message to all, in bytes. */
const SIZE = 4096;
/** The frame that holds it: header and payload. */
const FRAME = 4 + SIZE;
/** What only the stuck ones subscribe to besides is published in messages of this size, in bytes. */
const FLOOD = 64 * 1024;
/** So many that no system's buffers take them all for who does not read. */
const FLOODS = 1000;

/** Connects and shakes hands; reads nothing behind the head. */
async function subscribe(port: number, path: string): Promise<Deno.Conn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(utf8(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  ));
  let text = "";
  // Behind the head of a raw one nothing comes until something is published.
  const chunk = new Uint8Array(path.includes(",") ? 1 : 1024);
  while (!text.endsWith("\r\n\r\n")) {
    const count = await conn.read(chunk);
    assert(count !== null, text);
    text += textOf(chunk.subarray(0, count));
  }
  assertEquals(text.slice(0, 12), "HTTP/1.1 101");
  return conn;
}

/** A subscriber that reads, and counts. */
class Reader {
  #count = 0;
  #wanted = Infinity;
  #there = () => {};
  readonly #conn: Deno.Conn;
  readonly #ended: Promise<void>;

  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.#ended = this.#read();
  }

  /** Resolves when so many bytes have come. */
  async reached(count: number): Promise<void> {
    if (this.#count < count) {
      await new Promise<void>((resolve) => {
        this.#wanted = count;
        this.#there = resolve;
      });
    }
    assertEquals(this.#count, count);
  }

  async end(): Promise<void> {
    await this.#conn.closeWrite();
    await this.#ended;
    this.#conn.close();
  }

  async #read(): Promise<void> {
    const chunk = new Uint8Array(16 * 1024);
    for (let count; (count = await this.#conn.read(chunk)) !== null;) {
      this.#count += count;
      if (this.#count >= this.#wanted) this.#there();
    }
  }
}

/** Publishes over one connection. Gives the ms until the answer came, and the receipt. */
async function publish(client: RawClient, channel: string, text: string) {
  const began = performance.now();
  const head = `POST /${channel} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${text.length}`;
  await client.send(`${head}\r\n\r\n${text}`);
  const [answer] = answers(await client.until(hasAnswers(1)));
  const time = performance.now() - began;
  assertEquals(answer?.status, 200);
  client.take(client.received.length);
  const receipt: { id: string; subscribers: number } = JSON.parse(answer!.body);
  return { time, ...receipt };
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]!;
}

/** The frames of a whole stream: first byte and payload. */
function framesOf(bytes: Uint8Array): { first: number; payload: Uint8Array }[] {
  const list = [];
  for (let at = 0; at < bytes.length;) {
    const short = bytes[at + 1]!, size = short < 126 ? 0 : short === 126 ? 2 : 8;
    let length = size === 0 ? short : 0;
    for (let i = 0; i < size; i++) length = length * 256 + bytes[at + 2 + i]!;
    const start = at + 2 + size;
    list.push({ first: bytes[at]!, payload: bytes.subarray(start, start + length) });
    at = start + length;
    assert(at <= bytes.length, "the last frame is cut short");
  }
  return list;
}

/** Everything that still comes, to the end. */
async function rest(conn: Deno.Conn): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const chunk = new Uint8Array(64 * 1024);
  for (let count; (count = await conn.read(chunk)) !== null;) chunks.push(chunk.slice(0, count));
  return concat(...chunks);
}

channelTest(
  "a publish reaches 990 subscribers at once while 10 never read, and those get 1013 as their last frame",
  async (testService) => {
    await using service = await testService("--max-buffered", "256KiB", "--close-timeout", "30s");
    const { port } = service;
    using publisher = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
    const stuck: Deno.Conn[] = [], readers: Reader[] = [];
    for (let i = 0; i < STUCK; i++) stuck.push(await subscribe(port, "/crowd,flood"));
    for (let i = STUCK; i < SUBSCRIBERS; i++) {
      readers.push(new Reader(await subscribe(port, "/crowd")));
    }

    let sent = 0, subscribed = SUBSCRIBERS;
    /** Publishes to all, so many times, each when all that read have the one before. Gives the ms of each. */
    const toAll = async (count: number) => {
      const times: number[] = [];
      while (times.length < count) {
        const text = String(sent++).padEnd(SIZE, "x");
        const { time, subscribers } = await publish(publisher, "crowd", text);
        subscribed = subscribers;
        times.push(time);
        const all = Promise.all(readers.map((reader) => reader.reached(sent * FRAME)));
        await within(30_000, `message ${sent}`, all);
      }
      return median(times);
    };
    await toAll(5);
    const before = await toAll(25);
    assertEquals(subscribed, SUBSCRIBERS);
    // The stuck ones' queues fill on the way, until the server gives them up.
    const during: number[] = [];
    let floods = 0;
    for (; subscribed > readers.length && floods < FLOODS; floods++) {
      await publish(publisher, "flood", "y".repeat(FLOOD));
      if (floods % 4 === 0) during.push(await toAll(1));
    }
    assertEquals(subscribed, readers.length);
    const after = await toAll(25);
    for (const late of [median(during), after]) assertLess(late, before * 5 + 50);

    for (const conn of stuck) {
      const [open, ...frames] = framesOf(await within(30_000, "reading late", rest(conn)));
      const close = frames.pop();
      assertEquals([close?.first, close?.payload[0]! * 256 + close?.payload[1]!], [0x88, 1013]);
      // What came before it is whole, in order, and not all.
      assertEquals(JSON.parse(textOf(open!.payload)).gap, false);
      const ids = frames.map(({ payload }) =>
        /^\{"id":"\w+\.(\d+)"/.exec(textOf(payload.slice(0, 40)))?.[1]
      );
      assertEquals(ids, ids.map((_, i) => String(i + 1)));
      assertGreater(ids.length, 30);
      assertLess(ids.length, floods + sent);
      conn.close();
    }
    await Promise.all(readers.map((reader) => reader.end()));
  },
);

/** Reads so many bytes. */
async function readExactly(conn: Deno.Conn, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count;) {
    const read = await conn.read(bytes.subarray(at));
    assert(read !== null, "it ended");
    at += read;
  }
  return bytes;
}

if (tried.some(({ name }) => name === "memory, 2 workers")) {
  Deno.test("1,000 subscribers over two threads each have every message of many publishers, in the one order [memory, 2 workers]", async () => {
    await using service = await start("--workers", "2", "--drain", "100ms");
    const { port } = service;
    const conns: Deno.Conn[] = [];
    while (conns.length < SUBSCRIBERS) {
      const some = Array.from({ length: 100 }, () => subscribe(port, "/crowd"));
      conns.push(...await Promise.all(some));
    }
    const publishers = Array.from({ length: 4 }, async (_, i) => {
      using client = await RawClient.connect({ transport: "tcp", hostname: "127.0.0.1", port });
      const published: { id: string; text: string }[] = [];
      while (published.length < 25) {
        const text = `${i} ${published.length}`;
        const { id, subscribers } = await publish(client, "crowd", text);
        assertEquals(subscribers, SUBSCRIBERS);
        published.push({ id, text });
      }
      return published;
    });
    const all = (await Promise.all(publishers)).flat().sort((a, b) =>
      numberOf(a.id) - numberOf(b.id)
    );
    assertEquals(all.map(({ id }) => numberOf(id)), all.map((_, i) => i + 1));
    const frames = concat(
      ...all.map(({ text }) => Uint8Array.of(0x81, text.length, ...utf8(text))),
    );
    const wanted = textOf(frames);
    for (const conn of conns) {
      assertEquals(textOf(await within(30_000, "all", readExactly(conn, frames.length))), wanted);
      conn.close();
    }
  });
}

import { assertEquals } from "@std/assert";
import WS from "ws";
import { testService } from "../tools/service.ts";

const sizes = [0, 125, 126, 65535, 65536, 1_000_000];

function bytes(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => i * 31 + (i >> 8));
}

function text(size: number): string {
  // Three bytes a character, then what is missing in ASCII.
  return "木".repeat(Math.floor(size / 3)) + "x".repeat(size % 3);
}

Deno.test("Deno's own WebSocket gets every message back as it sent it", async () => {
  await using service = await testService();
  const client = new WebSocket(`ws://127.0.0.1:${service.port}/-/echo`);
  client.binaryType = "arraybuffer";
  await new Promise((resolve) => client.onopen = resolve);
  for (const size of sizes) {
    for (const data of [bytes(size), text(size)]) {
      client.send(data);
      const event = await new Promise<MessageEvent>((resolve) => client.onmessage = resolve);
      const echoed = typeof event.data === "string" ? event.data : new Uint8Array(event.data);
      assertEquals(echoed, data);
    }
  }
  const end = new Promise<CloseEvent>((resolve) => client.onclose = resolve);
  client.close(3210, "done");
  const { code, wasClean } = await end;
  assertEquals([code, wasClean], [3210, true]);
});

Deno.test("ws for Node gets every message back, fragmented or not, and its pings answered", async () => {
  await using service = await testService();
  const client = new WS(`ws://127.0.0.1:${service.port}/-/echo`, { perMessageDeflate: false });
  const once = <T>(name: string) =>
    new Promise<T[]>((resolve) => client.once(name, (...args: T[]) => resolve(args)));
  await once("open");
  for (const size of sizes) {
    for (const binary of [true, false]) {
      const data = binary ? bytes(size) : new TextEncoder().encode(text(size));
      client.send(data, { binary });
      const [whole, wasBinary] = await once<unknown>("message");
      assertEquals([new Uint8Array(whole as ArrayBuffer), wasBinary], [data, binary]);

      // Three fragments, cut within a character, with a ping between them.
      const cuts = [0, Math.floor(size / 3) + 1, Math.floor(size / 2) + 1, size];
      const parts = [0, 1, 2].map((i) => data.subarray(cuts[i], cuts[i + 1]));
      const pong = once<Uint8Array>("pong");
      const message = once<unknown>("message");
      client.send(parts[0]!, { binary, fin: false });
      client.ping("between");
      client.send(parts[1]!, { binary, fin: false });
      client.send(parts[2]!, { binary, fin: true });
      assertEquals(new TextDecoder().decode((await pong)[0]), "between");
      assertEquals(new Uint8Array((await message)[0] as ArrayBuffer), data);
    }
  }
  const end = once<unknown>("close");
  client.close(1000, "done");
  assertEquals((await end)[0], 1000);
});

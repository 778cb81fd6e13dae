import { assertEquals, assertRejects } from "@std/assert";
import { lineOf } from "../../lib/cli/line.ts";
import { Output } from "../../lib/cli/output.ts";

/** A reader that takes bytes when it is told to. */
function slowReader() {
  let read = "";
  const asked: ((size: number) => void)[] = [];
  let came = () => {};
  return {
    write(bytes: Uint8Array): Promise<number> {
      return new Promise<number>((resolve) => {
        asked.push((size) => {
          const taken = bytes.subarray(0, size);
          read += new TextDecoder().decode(taken);
          resolve(taken.length);
        });
        came();
      });
    },
    async take(size = Infinity): Promise<string> {
      if (asked.length === 0) await new Promise<void>((resolve) => came = resolve);
      asked.shift()!(size);
      return read;
    },
  };
}

Deno.test("Output writes lines in order, whole, however little is taken at a time", async () => {
  const reader = slowReader();
  const output = new Output(reader.write);
  output.line("first");
  output.line("second 山");
  assertEquals(output.size, 6 + 11);
  assertEquals(await reader.take(2), "fi");
  assertEquals(await reader.take(), "first\n");
  assertEquals(await reader.take(3), "first\nsec");
  assertEquals(await reader.take(), "first\nsecond 山\n");
  await output.drained();
  assertEquals(output.size, 0);
  output.line("third");
  assertEquals(await reader.take(), "first\nsecond 山\nthird\n");
});

Deno.test("Output says when little enough waits", async () => {
  const reader = slowReader();
  const output = new Output(reader.write);
  await output.drained();
  const order: string[] = [];
  output.line("12345");
  output.line("6789");
  const some = output.drained(5).then(() => order.push("at most 5"));
  const none = output.drained().then(() => order.push("none"));
  await reader.take();
  await some;
  assertEquals(order, ["at most 5"]);
  await reader.take();
  await none;
  assertEquals(order, ["at most 5", "none"]);
});

Deno.test("Output fails once for all when nothing can be written", async () => {
  const output = new Output(() => Promise.reject(new Deno.errors.BrokenPipe("gone")));
  output.line("lost");
  await assertRejects(() => output.failed, Deno.errors.BrokenPipe, "gone");
  output.line("lost too");
});

const lines: [data: unknown, envelope: string, line: string][] = [
  ["plain", '{"id":"e.1","ch":"c","data":"plain"}', "plain"],
  ["two\nlines", '{"id":"e.1","ch":"c","data":"two\\nlines"}', "two\nlines"],
  ["", '{"id":"e.1","ch":"c","data":""}', ""],
  [new Uint8Array([0, 255]), '{"id":"e.1","ch":"c","base64":"AP8="}', "AP8="],
  [[1e20], '{"id":"e.1","ch":"c","data":[100000000000000000001.0]}', "[100000000000000000001.0]"],
  [{ data: 1 }, '{"id":"e.1","ch":"c","data": {"data":1} }', '{"data":1}'],
  [null, '{"id":"e.1","ch":"c","data":null}', "null"],
  [{ a: 1 }, '{"ch":"c","id":"e.1","data":{"a": 1}}', '{"a":1}'],
];
Deno.test("lineOf() prints text and JSON as they were published, bytes in base64", () => {
  for (const [data, envelope, line] of lines) {
    const message = { id: "e.1", channel: "c", data };
    assertEquals(lineOf(message, envelope, { json: false, terminal: false }), line);
    assertEquals(lineOf(message, envelope, { json: true, terminal: false }), envelope);
  }
});

Deno.test("lineOf() lets nothing take hold of a terminal, and leaves a pipe alone", () => {
  const data = "\x1b[31mred\ttab\nnext\u202e";
  const message = { id: "e.1", channel: "c", data };
  const form = { json: false, terminal: true };
  assertEquals(lineOf(message, "", form), "\\u001b[31mred\ttab\nnext\\u202e");
  assertEquals(lineOf(message, "", { ...form, terminal: false }), data);
});

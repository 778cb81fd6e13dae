import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { reset } from "@logtape/logtape";
import { configureLog, LineWriter, log, MAX_LOG_LINE } from "../../lib/service/log.ts";

/** Runs `write` with a log of the given form, and gives its lines. */
async function logged(format: "text" | "json", write: () => void): Promise<string[]> {
  let text = "";
  const decoder = new TextDecoder();
  const writer = new LineWriter((bytes) => {
    // Half at a time, as a pipe may take it.
    const count = Math.ceil(bytes.length / 2);
    text += decoder.decode(bytes.subarray(0, count), { stream: true });
    return Promise.resolve(count);
  });
  await configureLog({ logLevel: "info", logFormat: format }, writer);
  write();
  await writer.flushed();
  await reset();
  assert(text === "" || text.endsWith("\n"));
  return text.split("\n").slice(0, -1);
}

Deno.test("a text line has time, level, message and fields", async () => {
  const [line] = await logged("text", () => log.info("received", { text: "hé", bytes: 3 }));
  assertMatch(line!, /^\d{4}-\d\d-\d\dT[\d:.]+Z info received text="h.*" bytes=3$/);
});

Deno.test("a JSON line is one object", async () => {
  const [line] = await logged("json", () => log.error("fault", { error: "a\nb" }));
  const entry = JSON.parse(line!);
  assertEquals([entry.level, entry.message, entry.error], ["error", "fault", "a\nb"]);
});

Deno.test("lines below the level are not written", async () => {
  assertEquals(await logged("text", () => log.debug("received")), []);
});

for (const format of ["text", "json"] as const) {
  Deno.test(`CR, LF, ESC and what hides text never reach a ${format} line raw`, async () => {
    const nasty = "a\r\nb\x1b[31m\x9b\u2028\u202e\u0000";
    const lines = await logged(format, () => log.info("received", { text: nasty }));
    assertEquals(lines.length, 1);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x1f\x7f-\x9f\u2028\u202e]/.test(lines[0]!));
    if (format === "json") assertEquals(JSON.parse(lines[0]!).text, nasty);
  });

  Deno.test(`a ${format} line is bounded`, async () => {
    for (const character of ["x", "\n", "\u{1F333}"]) {
      const [line] = await logged(
        format,
        () => log.info("received", { text: character.repeat(1e5) }),
      );
      assert(line!.length <= MAX_LOG_LINE, `${line!.length}`);
      if (format === "json") assertEquals(JSON.parse(line!).message, "received");
    }
  });
}

Deno.test("LineWriter outlives a disk that is full, and then says how much was lost", async () => {
  let full = true;
  let text = "";
  const writer = new LineWriter((bytes) => {
    if (full) return Promise.reject(new Error("no space left on device"));
    text += new TextDecoder().decode(bytes);
    return Promise.resolve(bytes.length);
  });
  writer.line("one");
  writer.line("two");
  await writer.flushed();
  full = false;
  writer.line("three");
  await writer.flushed();
  assertEquals(text, "three\n2 log lines were lost\n");
});

Deno.test("LineWriter keeps a bounded number of lines for a reader that stalls", async () => {
  const stalled = Promise.withResolvers<void>();
  let text = "";
  const writer = new LineWriter(async (bytes) => {
    await stalled.promise;
    text += new TextDecoder().decode(bytes);
    return bytes.length;
  });
  for (let i = 0; i < 1000; i++) writer.line("x".repeat(1023));
  stalled.resolve();
  await writer.flushed();
  const kept = text.split("\n").filter((l) => l.startsWith("x")).length;
  assertEquals(kept, 257);
  assertStringIncludes(text, `${1000 - kept} log lines were lost`);
});

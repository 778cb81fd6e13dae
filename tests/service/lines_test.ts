/**
 * The table of the log's lines: it has those that are written, and what is written is in it.
 */
import { assert, assertEquals } from "@std/assert";
import { type LineKind, lines } from "../../lib/service/lines.ts";
import { kodama, until } from "../tools/command.ts";
import { lineFault } from "../tools/lines.ts";
import { ask, Subscriber } from "../tools/channels.ts";

/** What every line has. */
const COMMON = ["time", "level", "message"];
const root = new URL("../../", import.meta.url);

function sources(folder: URL): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return sources(new URL(`${name}/`, folder));
    return name === "lines.ts" ? [] : [Deno.readTextFileSync(new URL(name, folder))];
  });
}

Deno.test("every line of the table is written somewhere", () => {
  const all = [...sources(new URL("lib/", root)), Deno.readTextFileSync(new URL("main.ts", root))];
  const text = all.join("\n");
  const unwritten = Object.keys(lines).filter((name) => !text.includes(JSON.stringify(name)));
  assertEquals(unwritten, []);
});

Deno.test("fields have names of their own, in one form", () => {
  for (const [name, { fields }] of Object.entries<LineKind>(lines)) {
    for (const field of Object.keys(fields).flatMap((f) => f.replace("?", "").split("|"))) {
      assert(/^[a-z][a-zA-Z]*$/.test(field) && !COMMON.includes(field), `${name}: ${field}`);
    }
  }
});

Deno.test("lineFault() knows a line that is not of the table", () => {
  const peer = "192.0.2.1:1";
  const faults: [
    level: string,
    message: string,
    fields: Record<string, unknown>,
    fault?: string,
  ][] = [
    ["info", "ended", {}],
    ["info", "ended", { why: "x" }, "ended has why"],
    ["warning", "ended", {}, "ended is warning"],
    ["info", "over", {}, 'the table has no line "over"'],
    ["info", "refused", { peer, status: 400 }, "refused is without reason"],
    ["warning", "unknown variable", { name: "KODAMA_PROT" }],
    ["warning", "unknown variable", { name: "KODAMA_PROT", nearest: "KODAMA_PORT" }],
    ["info", "received", { peer, hex: "00", bytes: 1 }],
    ["info", "received", { peer, bytes: 1 }, "received is without text|hex"],
    ["info", "received", { peer, text: "", hex: "", bytes: 0 }, "received has text and hex"],
    ["error", "ended abnormally", { peer, code: 1011, reason: "" }],
    ["error", "ended abnormally", { peer, code: 1009, reason: "" }, "ended abnormally is error"],
  ];
  for (const [level, message, fields, fault] of faults) {
    assertEquals(lineFault(level, message, fields), fault);
  }
});

Deno.test("--log-format json: every line of a life is an object with the table's fields", async () => {
  const env = { KODAMA_PROT: "1", KODAMA_LOG_FORMAT: "json" };
  const child = kodama(["--port", "0", "--drain", "1s"], { env }).spawn();
  const said = new Response(child.stderr).text();
  const [, url] = await until(child.stdout, /Open (http:\S+)/);
  const service = { port: Number(new URL(url!).port) };
  using ticker = await Subscriber.open(service, "/");
  await ticker.say("hello\n");
  assertEquals((await ask(service, "GET /btc?since=x")).status, 400);
  using other = await Subscriber.open(service, "/-/echo");
  await other.client.raw.send(Uint8Array.of(0xf1, 0x80, 0, 0, 0, 0));
  await other.closed();
  child.kill("SIGTERM");
  await ticker.closed();
  assertEquals((await child.status).code, 0);
  await child.stdout.cancel();
  const entries = (await said).trimEnd().split("\n").map((line) => JSON.parse(line));
  for (const { time, level, message, ...fields } of entries) {
    assertEquals(new Date(time).toISOString(), time);
    assertEquals(lineFault(level, message, fields), undefined);
  }
  assertEquals(entries.map(({ message }) => message), [
    "unknown variable",
    "started",
    "received",
    "refused",
    "ended abnormally",
    "shutting down",
    "ended",
  ]);
  assertEquals(entries[1].url, url);
});

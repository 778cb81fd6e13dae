/**
 * Plays every case against servers that run: over TCP, byte by byte, over TLS, and through two threads that serve.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ask, deserted } from "../tools/channels.ts";
import { type Line, type TestService, testService } from "../tools/service.ts";
import { SECRET } from "../tools/tokens.ts";
import { go } from "../tools/way.ts";
import { type Case, SERVERS, type Table } from "./case.ts";
import { TABLES } from "./tables.ts";
import { logged, play } from "./play.ts";

/** How a case's bytes go. */
interface Way {
  name: string;
  encrypted?: boolean;
  drip?: boolean;
  flags?: string[];
}

const ways: Way[] = [
  { name: "TCP" },
  { name: "TCP, byte by byte", drip: true },
  { name: "TLS", encrypted: true },
  { name: "two workers", flags: ["--workers", "2"] },
];
/** Threads are left out where coverage is counted: each would take a second to start. */
const tried = Deno.env.get("TEST_THREADS") === "off" ? ways.slice(0, 3) : ways;
/** How a line begins that says how many there would have been. */
const MORE = "more ";
/** Cases at once. */
const AT_ONCE = 8;
/** What is longer is not sent byte by byte. */
const DRIPPED = 2000;

const size = ([, does]: Case) =>
  [does].flat().reduce<number>(
    (sum, s) => sum + (typeof s === "object" || typeof s === "string" ? s.length : 0),
    0,
  );

/** What a line says, and of whom. */
function said({ message, fields }: Line): { port: number; line: string } {
  const { peer, status, code, reason, text } = fields;
  const port = Number(/:(\d+)$/.exec(`${peer}`)?.[1]);
  return { port, line: `${message} ${text ?? `${status ?? code} ${reason}`}` };
}

/** What is to be logged. */
class Lines {
  count = 0;
  /** By where it came from; a port is used again. */
  readonly byPort = new Map<number, string[]>();

  add(port: number, lines: string[]): void {
    this.count += lines.length;
    this.byPort.set(port, [...this.byPort.get(port) ?? [], ...lines]);
  }
}

/** Plays the cases of a table, some at once. Returns what those get that do not get what they should. */
async function playAll(table: Table, service: TestService, drip: boolean, played: Lines) {
  const queue = table.cases.filter((one) => !drip || table.whole !== true && size(one) <= DRIPPED);
  const wrong = new Map<Case, unknown>();
  await Promise.all(Array.from({ length: table.inOrder === true ? 1 : AT_ONCE }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      try {
        const { gets, port } = await play(next, service.port, drip);
        played.add(port, logged(next));
        if (JSON.stringify(gets) !== JSON.stringify(next[2])) wrong.set(next, gets);
      } catch (error) {
        wrong.set(next, error instanceof Error ? error.message : error);
      }
    }
  }));
  return wrong;
}

for (const { name, encrypted = false, drip = false, flags = [] } of tried) {
  Deno.test(`every case gets what it should [${name}]`, async (t) => {
    await go(encrypted, async () => {
      for (const [on, own] of Object.entries(SERVERS)) {
        const secret = on === "tokens" ? ["--secret", SECRET] : [];
        await using service = await testService(...own.split(" "), ...secret, ...flags);
        const played = new Lines();
        for (const table of TABLES.filter((each) => (each.on ?? "open") === on)) {
          await t.step(table.about, async () => {
            const wrong = await playAll(table, service, drip, played);
            assertEquals(
              [...wrong].map(([[what], got]) => [what, got]),
              [...wrong].map(([[what, , gets]]) => [what, gets]),
            );
          });
        }
        await t.step(`what is logged, and what is left [${on}]`, async () => {
          await deserted(service);
          const { body } = await ask(service, "GET /-/health");
          assertEquals(body, '{"status":"ok"}');
          await checkLog(service, played);
        });
      }
    });
  });
}

/** Each case has its line in the log, or is counted where there were many in a second. */
async function checkLog({ log }: TestService, { count, byPort }: Lines) {
  const told = () => log.lines.filter(({ message }) => message !== "certificate");
  const sum = () =>
    told().reduce(
      (sum, { message, fields }) => sum + (message.startsWith(MORE) ? Number(fields.count) : 1),
      0,
    );
  // What is held back is told at the end of its second.
  for (let i = 0; i < 300 && sum() < count; i++) await new Promise((r) => setTimeout(r, 10));
  for (const line of told().filter(({ message }) => !message.startsWith(MORE))) {
    const { port, line: text } = said(line);
    const lines = byPort.get(port) ?? [];
    assert(lines.includes(text), `${text} is logged, and should be: ${lines.join() || "nothing"}`);
  }
  assertEquals(sum(), count);
}

Deno.test("there are at least 200 cases, and no two are called the same", () => {
  const names = TABLES.flatMap(({ about, cases }) => cases.map(([what]) => `${about}: ${what}`));
  assert(names.length >= 200);
  assertEquals(new Set(names).size, names.length);
});

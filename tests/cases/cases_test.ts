/**
 * Plays every case against servers that run: over TCP, byte by byte, over TLS, and through two threads that serve.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ask, deserted } from "../tools/channels.ts";
import { type Line, type TestService, testService } from "../tools/service.ts";
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

/** Plays the cases of a table, some at once; returns what is not as it should be. */
async function playAll(table: Table, service: TestService, drip: boolean, expected: string[][]) {
  const queue = table.cases.filter((one) => !drip || table.whole !== true && size(one) <= DRIPPED);
  const wrong: Record<string, unknown> = {}, ports = new Map<number, Case>();
  await Promise.all(Array.from({ length: table.inOrder === true ? 1 : AT_ONCE }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [what, , gets] = next;
      try {
        const played = await play(next, service.port, drip);
        ports.set(played.port, next);
        expected.push(logged(next));
        if (JSON.stringify(played.gets) !== JSON.stringify(gets)) wrong[what] = played.gets;
      } catch (error) {
        wrong[what] = error instanceof Error ? error.message : error;
      }
    }
  }));
  return { wrong, ports };
}

for (const { name, encrypted = false, drip = false, flags = [] } of tried) {
  Deno.test(`every case gets what it should [${name}]`, async (t) => {
    await go(encrypted, async () => {
      for (const [on, own] of Object.entries(SERVERS)) {
        await using service = await testService(...own, ...flags, "--drain", "50ms");
        const expected: string[][] = [], ports = new Map<number, Case>();
        for (const table of TABLES.filter((each) => (each.on ?? "open") === on)) {
          await t.step(table.about, async () => {
            const played = await playAll(table, service, drip, expected);
            for (const [port, one] of played.ports) ports.set(port, one);
            const right = Object.fromEntries(
              table.cases.filter(([what]) => Object.hasOwn(played.wrong, what)).map((
                [what, , gets],
              ) => [what, gets]),
            );
            assertEquals(played.wrong, right);
          });
        }
        await t.step(`what is logged, and what is left [${on}]`, async () => {
          await deserted(service);
          const { body } = await ask(service, "GET /-/health");
          assertEquals(body, '{"status":"ok"}');
          await checkLog(service, expected.flat().length, ports);
        });
      }
    });
  });
}

/** Each case has its line in the log, or is counted where there were many in a second. */
async function checkLog(service: TestService, count: number, ports: Map<number, Case>) {
  const told = () =>
    service.log.lines.reduce(
      (sum, { message, fields }) =>
        sum +
        (message.startsWith("more ") ? Number(fields.count) : message === "certificate" ? 0 : 1),
      0,
    );
  // What is held back is told at the end of its second.
  for (let i = 0; i < 300 && told() < count; i++) await new Promise((r) => setTimeout(r, 10));
  for (const line of service.log.lines) {
    if (/^more |^certificate$/.test(line.message)) continue;
    const { port, line: text } = said(line);
    const one = ports.get(port);
    assert(one !== undefined, `nobody was to be told of: ${text}`);
    assert(logged(one).includes(text), `${one[0]} logs ${text}, not ${logged(one)}`);
  }
  assertEquals(told(), count);
}

Deno.test("there are at least 200 cases, and no two are called the same", () => {
  const names = TABLES.flatMap(({ about, cases }) => cases.map(([what]) => `${about}: ${what}`));
  assert(names.length >= 200);
  assertEquals(new Set(names).size, names.length);
});

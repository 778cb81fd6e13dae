import { assertEquals } from "@std/assert";
import { PROGRAMS } from "./programs.ts";
import { CHECKS, judge, pageWith, rowsOf, type Run, tables } from "./report.ts";
import { TOOLCHAINS } from "./toolchains.ts";

const gorilla = PROGRAMS.find(({ client }) => client === "gorilla/websocket")!;
const urllib = PROGRAMS.find(({ client }) => client === "urllib")!;
const seen = { compressed: "both ways", fragments: true, ping: true } as const;

/** A run of which all is as it should be, but for what is given. */
function run(other: Partial<Run> = {}): Run {
  const program = other.program ?? gorilla;
  return {
    program,
    way: "direct",
    runtime: "1.26",
    lines: ["version 1.5.3", ...CHECKS[program.role].map((name) => `ok ${name}`)],
    faults: [],
    ...program.role === "websocket" ? { seen } : {},
    ...other,
  };
}

function linesWithout(name: string, ...instead: string[]): string[] {
  return [...run().lines.filter((line) => line !== `ok ${name}`), ...instead];
}

Deno.test("judge() is content with a program that said ok of everything, and did it on the wire", () => {
  const { version, skipped, failures } = judge(run());
  assertEquals({ version, skipped, failures }, { version: "1.5.3", skipped: [], failures: [] });
});

Deno.test("judge() names what is not as it should be", () => {
  const cases: [other: Partial<Run>, failures: string[]][] = [
    [{ lines: linesWithout("ping", "not ok ping: no pong: none") }, ["ping: no pong: none"]],
    [{ lines: linesWithout("channel") }, ["nothing was said of: channel"]],
    [{ lines: linesWithout("channel", "skip channel: why not") }, [
      "channel: skipped without a reason",
    ]],
    [{ lines: linesWithout("ping", "skip ping"), seen: { ...seen, ping: false } }, [
      "ping: skipped without a reason",
    ]],
    [{ lines: [...run().lines, "ok ping"] }, ["ping: no check of its, or its second"]],
    [{ lines: [...run().lines, "ok pong"] }, ["pong: no check of its, or its second"]],
    [{ lines: [...run().lines, "Segmentation fault"] }, ['said "Segmentation fault"']],
    [{ lines: run().lines.slice(1) }, ["did not say its version"]],
    [{ faults: ["did not end within 60 s"] }, ["did not end within 60 s"]],
    [{ seen: { ...seen, fragments: false } }, ["fragments: not so on the wire"]],
    [{ seen: { ...seen, ping: false } }, ["ping: not so on the wire"]],
    [{ seen: { ...seen, compressed: "what comes" } }, ["compressed what comes, not both ways"]],
    [{ lines: [] }, [
      "did not say its version",
      `nothing was said of: ${CHECKS.websocket.join(", ")}`,
      "fragments: not so on the wire",
      "ping: not so on the wire",
    ]],
  ];
  for (const [other, failures] of cases) assertEquals(judge(run(other)).failures, failures);
});

Deno.test("judge() takes a skip with its reason where a client may have no way", () => {
  const lines = linesWithout("ping", "skip ping: it has none");
  const { skipped, failures } = judge(run({ lines, seen: { ...seen, ping: false } }));
  assertEquals({ skipped, failures }, { skipped: ["ping"], failures: [] });
});

Deno.test("tables() has a row for each client, and says what failed", () => {
  const outcomes = [
    judge(run()),
    judge(run({ way: "nginx", faults: ["ended with 1"] })),
    judge(
      run({ program: urllib, lines: run({ program: urllib }).lines.with(-2, "skip expect: no") }),
    ),
    judge(run({ program: urllib, way: "nginx" })),
  ];
  const place = "<!-- clients: written by `deno task clients` -->\n<!-- end of clients -->";
  const page = pageWith(`before\n${place}\nafter`, tables(outcomes));
  assertEquals(rowsOf(page), [
    ["gorilla/websocket", "1.5.3", "Go 1.26", "both ways", "ok", "ok", "ok", "failed"],
    ["urllib", "1.5.3", "Python 1.26", "–", "ok", "ok", "ok"],
  ]);
  assertEquals(pageWith(page, tables(outcomes)), page);
});

const page = Deno.readTextFileSync(new URL("../../docs/clients.md", import.meta.url));

Deno.test("docs/clients.md has a row for each client, nothing that failed, and the pinned versions", () => {
  const rows = rowsOf(page);
  const named = (["websocket", "publish", "events", "pusher"] as const).flatMap((role) =>
    PROGRAMS.filter((program) => program.role === role)
  );
  assertEquals(rows.map(([client]) => client), named.map(({ client }) => client));
  named.forEach(({ toolchain, compression, role }, i) => {
    const [client, version, on, ...cells] = rows[i]!;
    assertEquals(on!.split(" ")[0], toolchain, client);
    if (role === "websocket") assertEquals(cells.shift(), compression, client);
    assertEquals(cells.filter((cell) => cell !== "ok" && cell !== "–"), [], client);
    assertEquals(cells.slice(-3), ["ok", "ok", "ok"], client);
    // What the runtime itself is or brings along has its version.
    const { pins } = TOOLCHAINS[toolchain];
    if (pins === undefined || on!.endsWith(` ${version}`)) return;
    const pinned = Deno.readTextFileSync(new URL(pins, import.meta.url)).split(/[^0-9A-Za-z.+-]/);
    assertEquals(
      pinned.includes(version!) || pinned.includes(`v${version}`),
      true,
      `${client}: ${version}`,
    );
  });
});

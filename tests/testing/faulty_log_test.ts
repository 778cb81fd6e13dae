/** The tests for engines fail where a log is wrong: each fault that a log can have is found by some of them. */
import { assert, assertEquals } from "@std/assert";
import type { Log, LogListener, LogRecord, LogState, OwnLog } from "../../lib/engine/mod.ts";
import { LineLog } from "../../examples/line_log.ts";
import { type Test, testLog } from "../../lib/testing/mod.ts";

const folder = await Deno.makeTempDir();
Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));

/** A good log with a fault in it. */
type Fault = {
  state?: (state: LogState) => LogState;
  listener?: (listener: LogListener) => LogListener;
  append?: (append: Log["append"], record: LogRecord) => ReturnType<Log["append"]>;
};

function withFault(log: OwnLog, { state, listener, append }: Fault): OwnLog {
  return {
    follow(own) {
      const kept = log.follow(listener?.(own) ?? own);
      return state?.(kept) ?? kept;
    },
    append: (record) => append?.((r) => log.append(r), record) ?? log.append(record),
    drop: (seq) => log.drop(seq),
    dropKeys: (seq) => log.dropKeys(seq),
    now: () => log.now(),
    close: () => log.close(),
  };
}

/** A listener that is told entries in another way. */
function telling(
  listener: LogListener,
  entry: LogListener["entry"],
): LogListener {
  return {
    entry,
    lost: (reason, state) => listener.lost(reason, state),
    reachable: (why) => listener.reachable(why),
    newest: (channel) => listener.newest(channel),
    forgotten: () => listener.forgotten(),
  };
}

const faults: [what: string, fault: Fault][] = [
  ["is told late", {
    listener: (l) => telling(l, (entry) => void setTimeout(() => l.entry(entry))),
  }],
  ["is told twice", {
    listener: (l) =>
      telling(l, (entry) => {
        l.entry(entry);
        l.entry(entry);
      }),
  }],
  ["begins another life with each start", { state: (s) => ({ ...s, epoch: crypto.randomUUID() }) }],
  ["loses its last entry with each start", {
    state: (s) => ({ ...s, entries: [...s.entries].slice(0, -1) }),
  }],
  ["does not know what was before an entry", {
    state: (s) => ({
      ...s,
      entries: [...s.entries].map((entry) => ({ ...entry, before: { seq: 0, time: 0 } })),
    }),
  }],
  ["does not know what is forgotten", { state: (s) => ({ ...s, forgotten: { seq: 0, time: 0 } }) }],
  ["loses keys with each start", { state: (s) => ({ ...s, keys: [] }) }],
  ["loses what kind a message is", {
    state: (s) => ({
      ...s,
      entries: [...s.entries].map((entry) => ({ ...entry, kind: "text" as const })),
    }),
  }],
  ["gives a number that is not its own", {
    append: async (append, record) => Number(await append(record)) + 1,
  }],
];

/** Runs a suite on its own. Gives the names of those that fail. */
async function failures(fault: Fault): Promise<string[]> {
  const tests: Parameters<Test>[] = [], own = await Deno.makeTempDir({ dir: folder });
  testLog({
    name: "it",
    test: (...test) => tests.push(test),
    survives: true,
    runs: 60,
    open: (place, now) => withFault(new LineLog(`${own}/${place}`, now), fault),
  });
  assert(tests.length > 20);
  const failed: string[] = [];
  for (const [name, run] of tests) await run().catch(() => failed.push(name));
  return failed;
}

Deno.test("a log without a fault passes, with the runner of whoever tests it", async () => {
  assertEquals(await failures({}), []);
});

for (const [what, fault] of faults) {
  Deno.test(`the suite finds a log that ${what}`, async () => {
    assert((await failures(fault)).length > 0);
  });
}

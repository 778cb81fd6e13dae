/**
 * The ways in which a service can keep its messages: what is about channels is tested with each of them.
 * @module
 */
import { type TestService, testService } from "./service.ts";
import { go } from "./way.ts";

/** How messages are kept. */
export interface EngineChoice {
  name: string;
  /** The flags that choose it; a file goes into the folder. */
  flags: (folder: string) => string[];
  /** Whether it remembers after a restart. */
  survives: boolean;
}

const sqlite = (folder: string) => ["--engine", `sqlite:${folder}/log.db`];

/** All of them. */
export const ENGINES: readonly EngineChoice[] = [
  { name: "memory", flags: () => [], survives: false },
  { name: "memory, 2 workers", flags: () => ["--workers", "2"], survives: false },
  { name: "SQLite", flags: sqlite, survives: true },
  {
    name: "SQLite, 2 workers",
    flags: (folder) => ["--workers", "2", ...sqlite(folder)],
    survives: true,
  },
];

/** Starts a service. */
export type StartService = (...flags: string[]) => Promise<TestService>;

/**
 * Those with threads are left out where `TEST_THREADS` is `off`, as it is while coverage is counted: a thread takes a second
 * to start then (Deno 2.9.6). `deno task test:threads` tries them.
 */
export const tried = Deno.env.get("TEST_THREADS") === "off" ? ENGINES.slice(0, 1) : ENGINES;

/**
 * A test with each of them, and with the first over TLS; each service that it starts has a memory of its own.
 * @param overTls Whether over TLS, too: not where so many clients would be busier with it than the server.
 */
export function channelTest(
  name: string,
  run: (start: StartService) => Promise<void>,
  overTls = true,
): void {
  const ways = tried.map((engine) => ({ engine, what: engine.name, encrypted: false }));
  if (overTls) ways.push({ engine: ENGINES[0]!, what: "memory, over TLS", encrypted: true });
  for (const { engine, what, encrypted } of ways) {
    const suffix = what === "memory" ? "" : ` [${what}]`;
    Deno.test(name + suffix, async () => {
      const folder = await Deno.makeTempDir();
      try {
        await go(encrypted, () =>
          run(async (...flags) => {
            const own = await Deno.makeTempDir({ dir: folder });
            return await testService(...engine.flags(own), ...flags);
          }));
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    });
  }
}

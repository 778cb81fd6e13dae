/**
 * Tests on one thread and on two.
 * @module
 */
import { type TestService, testService } from "./service.ts";

const most = Deno.env.get("TEST_THREADS") === "off" ? 1 : 2;

/** A test on one thread, and on two. */
export function threadTest(
  name: string,
  flags: readonly string[],
  run: (start: (...flags: string[]) => Promise<TestService>) => Promise<void>,
): void {
  for (let workers = 1; workers <= most; workers++) {
    const all = ["--workers", String(workers), "--drain", "50ms", ...flags];
    Deno.test(
      workers === 1 ? name : `${name} [memory, ${workers} workers]`,
      () => run((...more) => testService(...all, ...more)),
    );
  }
}

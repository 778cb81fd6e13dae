import { assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { backoff } from "../../static/connection.js";

Deno.test("backoff() is drawn from half a second to a ceiling that doubles to 30 s", () => {
  for (
    const [attempt, ceiling] of [[0, 1_000], [1, 2_000], [4, 16_000], [5, 30_000], [99, 30_000]]
  ) {
    assertEquals(backoff(attempt!, () => 0), 500);
    assertEquals(backoff(attempt!, () => 1), ceiling);
    const drawn = backoff(attempt!);
    assertGreaterOrEqual(drawn, 500);
    assertLessOrEqual(drawn, ceiling!);
  }
});

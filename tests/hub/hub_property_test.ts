import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Hub } from "../../lib/hub/hub.ts";
import { after, word } from "../../lib/testing/engine_suite.ts";
import { LateEngine, Listener, settled } from "../engine/late_engine.ts";

/** One step of many that may happen in any order. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ say: fc.constantFrom("a", "b", "c") }) },
  { weight: 2, arbitrary: fc.constant("look" as const) },
  { weight: 2, arbitrary: fc.constant("arrive" as const) },
  { weight: 3, arbitrary: fc.record({ drain: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ leave: fc.constantFrom("a", "b") }) },
);

Deno.test("Hub tells a subscriber everything once and in order, however answers, room and publishes interleave", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({ before: fc.nat(6), room: fc.integer({ min: 1, max: 4 }), since: fc.nat(6) }),
      fc.array(step, { maxLength: 60, size: "max" }),
      async ({ before, room, since }, steps) => {
        const engine = new LateEngine();
        const hub = new Hub(engine);
        const listener = new Listener();
        let said = 0;
        const say = (channel: string) => engine.say(`${channel}:${++said}`);
        for (let i = 0; i < before; i++) say("abc"[i % 3]!);
        const from = Math.min(since, said);
        engine.late = true;
        listener.room = room;
        const joining = hub.subscribe(listener, ["a", "b"], after(`e.${from}`), listener.opened);
        /** For each channel the number of the last message before it was left. */
        const left = new Map<string, number>();
        for (const step of steps) {
          if (step === "look") await engine.look();
          else if (step === "arrive") await engine.arrive();
          else if ("say" in step) say(step.say);
          else if ("drain" in step) await listener.drain(step.drain);
          else if (hub.unsubscribe(listener, step.leave)) left.set(step.leave, said);
        }
        await engine.look();
        await engine.arrive();
        await listener.drain(Infinity);
        await joining;
        await settled();
        const [open, ...rest] = listener.log;
        assertEquals(open!.slice(0, 5), "open ");
        const numbers = rest.map((each) => Number(each.slice(2)));
        assertEquals(numbers, numbers.toSorted((a, b) => a - b), "order");
        engine.late = false;
        const all = (await engine.history(["a", "b"], after(`e.${from}`))).messages.map(word);
        for (const channel of ["a", "b"]) {
          const wanted = all.filter((each) => each.startsWith(channel));
          const got = rest.filter((each) => each.startsWith(channel));
          const last = left.get(channel);
          // Who leaves may have been behind, and is then told a beginning of it.
          if (last === undefined) assertEquals(got, wanted);
          else {
            assertEquals(got, wanted.slice(0, got.length));
            assertEquals(got.some((each) => Number(each.slice(2)) > last), false);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

import { assertEquals } from "@std/assert";
import { Bus, type Carrier } from "../../lib/hub/bus.ts";

/** Where ends hear each other at once, from when they are there. */
class Air {
  readonly #takes = new Map<string, (text: string) => void>();

  join(name: string): Bus {
    const carrier: Carrier = {
      send: (text) => {
        for (const [other, take] of this.#takes) if (other !== name) take(text);
      },
      listen: (take) => void this.#takes.set(name, take),
    };
    const fault = (error: unknown) => {
      throw error;
    };
    return new Bus(name, carrier, () => 0, fault);
  }
}

Deno.test("who comes knows at once of all who are there, and they of it: nobody waits for a sign of life", () => {
  const air = new Air(), a = air.join("a");
  a.tick();
  assertEquals(a.peers, []);
  const b = air.join("b");
  b.tick();
  assertEquals([a.peers, b.peers], [["b"], ["a"]]);
  const c = air.join("c");
  c.tick();
  assertEquals([a.peers, b.peers, c.peers.sort()], [["b", "c"], ["a", "c"], ["a", "b"]]);
  assertEquals([a.missed, b.missed, c.missed], [0, 0, 0]);
  assertEquals([a.leads, b.leads, c.leads], [true, false, false]);
});

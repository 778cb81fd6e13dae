/** How many connections each address has, in one thread and over several. */
import { assertEquals } from "@std/assert";
import { type Addresses, OwnAddresses, PLACES, SharedAddresses } from "../../lib/net/addresses.ts";

const A = 0xffff_c000_0201n, B = 0x2001_0db8_0001_0002n;

const kinds: Record<string, () => Addresses> = {
  OwnAddresses: () => new OwnAddresses(),
  SharedAddresses: () => new SharedAddresses(2).of(1),
};
for (const [name, make] of Object.entries(kinds)) {
  Deno.test(`${name} has room for so many of one address, and for as many of another`, () => {
    const addresses = make();
    const leaves = [1, 2, 3].map(() => addresses.enter(A, 3)!);
    assertEquals(addresses.enter(A, 3), undefined);
    assertEquals(addresses.enter(B, 1) === undefined, false);
    assertEquals(addresses.enter(B, 1), undefined);
    leaves[1]!();
    const again = addresses.enter(A, 3)!;
    assertEquals(addresses.enter(A, 3), undefined);
    for (const leave of [leaves[0]!, leaves[2]!, again]) leave();
    for (let i = 0; i < 3; i++) assertEquals(addresses.enter(A, 3) === undefined, false);
    assertEquals(addresses.enter(A, 3), undefined);
  });
}

Deno.test("SharedAddresses counts over all threads, also with what one makes of another's memory", () => {
  const shared = new SharedAddresses(3);
  const threads = [shared.of(0), new SharedAddresses(3, shared.memory).of(1), shared.of(2)];
  const leaves = threads.map((thread) => thread.enter(A, 3)!);
  for (const thread of threads) assertEquals(thread.enter(A, 3), undefined);
  leaves[1]!();
  assertEquals(threads[2]!.enter(A, 3) === undefined, false);
  for (const thread of threads) assertEquals(thread.enter(A, 3), undefined);
});

Deno.test("SharedAddresses forgets what a thread had that has ended, and nothing else", () => {
  const shared = new SharedAddresses(2);
  const [first, second] = [shared.of(0), shared.of(1)];
  first.enter(A, 3);
  for (let i = 0; i < 2; i++) second.enter(A, 3);
  second.enter(B, 1);
  shared.leave(1);
  assertEquals(second.enter(B, 1) === undefined, false);
  assertEquals([1, 2].map(() => first.enter(A, 3) === undefined), [false, false]);
  assertEquals(first.enter(A, 3), undefined);
});

Deno.test("SharedAddresses has room for another address for each that has left, and counts no one who finds none", () => {
  const thread = new SharedAddresses(1).of(0);
  const owner = (i: number) => 0xffff_0000_0000n + BigInt(i);
  for (let round = 0; round < 4; round++) {
    const leaves: (() => void)[] = [];
    for (let i = 0; i < PLACES / 2; i++) leaves.push(thread.enter(owner(round * PLACES + i), 1)!);
    let counted = 0;
    for (let i = 0; i < PLACES / 2; i++) {
      if (thread.enter(owner(round * PLACES + i), 1) === undefined) counted++;
    }
    // At half of all places nobody is without one.
    assertEquals(counted, PLACES / 2);
    for (const leave of leaves) leave();
  }
  // Four times as many as there are places: the others come and go as they like.
  for (let i = 0; i < 4 * PLACES; i++) assertEquals(typeof thread.enter(owner(i), 1), "function");
});

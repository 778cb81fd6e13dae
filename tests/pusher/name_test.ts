/** Names: what they say, and where they are in Kodama. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { guardedChannels } from "../../lib/auth/guarded.ts";
import { nameFault } from "../../lib/hub/name.ts";
import { channelOf, kindOf, nameOf, plainName, USER } from "../../lib/pusher/name.ts";

Deno.test("a channel of Pusher's is Kodama's of the same name, but for what that cannot have", () => {
  const rows: [name: string, channel: string | undefined, prefix?: string][] = [
    ["btc", "btc"],
    ["private-orders.17", "private-orders.17"],
    ["presence-room@1=2", "presence-room@1=2"],
    ["a,b;c", "a~2Cb~3Bc"],
    ["#server-to-user-ann", "~23server-to-user-ann"],
    ["#server-to-user-ann@example.com/1", "~23server-to-user-ann@example.com~2F1"],
    ["#server-to-user-~", "~23server-to-user-~7E"],
    ["#server-to-user-木", "~23server-to-user-~E6~9C~A8"],
    ["#server-to-user-a b%", "~23server-to-user-a~20b~25"],
    // What no first segment can be.
    ["app", "~61pp"],
    ["apps", "~61pps"],
    ["-", "~2D"],
    [".", "~2E"],
    ["..", "~2E."],
    ["apple", "apple"],
    ["btc", "7/btc", "7/"],
    ["a,b", "7/a~2Cb", "7/"],
    ["app", "7/~61pp", "7/"],
    // None.
    ["", undefined],
    ["a b", undefined],
    ["a/b", undefined],
    ["a~b", undefined],
    ["a#b", undefined],
    ["#btc", undefined],
    ["#server-to-user-", undefined],
    ["ä", undefined],
    ["a:b", undefined],
    ["a".repeat(200), "a".repeat(200)],
    ["a".repeat(201), undefined],
    [",".repeat(85), "~2C".repeat(85)],
    [",".repeat(86), undefined],
  ];
  for (const [name, channel, prefix = ""] of rows) {
    assertEquals(channelOf(prefix, name), channel, name);
    if (channel === undefined) continue;
    assertEquals(nameFault(channel), undefined);
    assertEquals([nameOf(prefix, channel), plainName(channel)], [name, name]);
  }
});

Deno.test("channels of Kodama's that are no app's have no name there", () => {
  for (
    const channel of ["a/b", "a~62c", "a~2c", "~61bc", "a~", "a~FFb", "7/btc/eth", "a:b", "a!"]
  ) {
    assertEquals(nameOf("", channel), undefined, channel);
  }
  assertEquals([nameOf("7/", "btc"), nameOf("", "7/btc"), nameOf("7/", "8/btc")], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("two names are never one channel, and each comes back as it was", () => {
  const text = fc.oneof(
    fc.stringMatching(/^[A-Za-z0-9_=@,.;-]{1,40}$/),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).map((id) => USER + id),
  );
  fc.assert(fc.property(text, text, (a, b) => {
    const one = channelOf("", a), other = channelOf("", b);
    if (one === undefined || other === undefined) return;
    assertEquals(one === other, a === b);
    assertEquals(nameOf("", one), a);
  }));
});

Deno.test("what a name begins with says what its channel is", () => {
  const rows: [name: string, kind: string][] = [
    ["btc", ""],
    ["private", ""],
    ["private-x", "guarded"],
    ["presence-x", "guarded presence"],
    ["cache-x", "cache"],
    ["private-cache-x", "guarded cache"],
    ["presence-cache-x", "guarded presence cache"],
    ["private-encrypted-x", "guarded encrypted"],
    ["private-encrypted-cache-x", "guarded cache encrypted"],
    ["cache-private-x", "cache"],
    ["xprivate-", ""],
  ];
  for (const [name, kind] of rows) {
    const is = Object.entries(kindOf(name)).filter(([, is]) => is).map(([what]) => what).join(" ");
    assertEquals(is, kind, name);
  }
});

Deno.test("channels that an app's users show a signature for are guarded, of each app, and no others", () => {
  const app = { key: "k", secret: "s" };
  const guarded = guardedChannels({ pusher: [{ id: "3", ...app }, { id: "7", ...app }] });
  const rows: [channel: string, is: boolean][] = [
    ["private-x", true],
    ["presence-x", true],
    ["private-cache-x", true],
    ["private-encrypted-x", true],
    ["~23server-to-user-1", true],
    ["7/private-x", true],
    ["7/~23server-to-user-1", true],
    ["btc", false],
    ["cache-x", false],
    ["3/private-x", false],
    ["8/private-x", false],
    ["7/private-x/y", false],
    ["private-x/y", false],
    ["7/btc", false],
    ["7", false],
  ];
  for (const [channel, is] of rows) assertEquals(guarded(channel), is, channel);
  const none = guardedChannels({ pusher: [] });
  assertEquals([none("private-x"), none("presence-x")], [false, false]);
});

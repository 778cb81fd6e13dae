/** The fuzzer itself: what breaks is found, made small and had again; what is right is not. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Random } from "../chaos/random.ts";
import { utf8 } from "../tools/bytes.ts";
import { corpusOf } from "./corpus.ts";
import { compressed, deflated, frames, texts } from "./frames.ts";
import { fault, type Finding, Fuzzer } from "./fuzz.ts";
import { difference } from "./node.ts";
import { readRequests, requests } from "./requests.ts";
import { connections, endSessions, envelopes, sockets } from "./service.ts";
import { pusherMessages, pusherRequests } from "./pusher.ts";
import { pieces, type Target } from "./target.ts";
import { tokens } from "./tokens.ts";
import { cursors, fields, globs, names } from "./values.ts";

/** Fuzzes until something is found. */
async function findIn(target: Target, corpus: string, seed: number): Promise<Finding | undefined> {
  const fuzzer = new Fuzzer(target, [utf8(corpus)], new Random(seed));
  for (let i = 0; i < 20_000; i++) {
    const { input, cuts } = fuzzer.next();
    const finding = await fuzzer.look(input, cuts);
    if (finding !== undefined) return finding;
  }
  return undefined;
}

const target = (run: Target["run"]): Target => ({ name: "planted", share: 1, run });
const has = (input: Uint8Array, byte: number) => input.includes(byte);

Deno.test("a throw is found, and its input made as small as it can be", async () => {
  const planted = target((input) => {
    if (has(input, 0) && has(input, 0x7b)) throw new Error("planted");
    return { seen: "", kind: "" };
  });
  const finding = await findIn(planted, "hello { and } more of it", 1);
  assertMatch(finding!.what, /^planted/);
  assertEquals([...finding!.input].sort(), [0, 0x7b]);
});

Deno.test("what is not the same when it is cut is found", async () => {
  const planted = target((input, cuts) => {
    // It looks for a line's end within each piece only.
    const seen = pieces(input, cuts).some((p) => p.some((b, i) => b === 10 && p[i - 1] === 13));
    return { seen: `${seen}`, kind: "" };
  });
  const finding = await findIn(planted, "a\r\nb\r\nc", 2);
  assertMatch(finding!.what, /^not the same when cut/);
  assertEquals(finding!.input, Uint8Array.of(13, 10));
});

Deno.test("what is worse than linear is found", async () => {
  const planted = target((input) => {
    let pairs = 0;
    for (let i = 0; i < input.length; i++) {
      for (let j = 0; j < i; j++) if (input[i] === input[j]) pairs++;
    }
    return { seen: `${pairs > 0}`, kind: "" };
  });
  assertEquals(await fault(planted, new Uint8Array(1000), []), undefined);
  assertMatch((await fault(planted, new Uint8Array(16_000), []))!, /^too slow: 16000 bytes take/);
});

Deno.test("the same seed gives the same inputs, another gives others", () => {
  const inputs = (seed: number) => {
    const fuzzer = new Fuzzer(requests, [utf8("GET / HTTP/1.1\r\n\r\n")], new Random(seed));
    return Array.from({ length: 50 }, () => fuzzer.next());
  };
  assertEquals(inputs(7), inputs(7));
  assert(JSON.stringify(inputs(7)) !== JSON.stringify(inputs(8)));
});

Deno.test("two readers of a request that disagree are told of, unless the reason is listed", () => {
  const told = (text: string, requests: [method: string, body: string][], end = "more") => {
    const input = utf8(text);
    const theirs = requests.map(([method, body]) => ({
      ...{ method, body, target: "/", minor: 1 },
      headers: readRequests(input, []).requests[0]?.headers ?? [],
    }));
    return difference(input, readRequests(input, []), { requests: theirs, end });
  };
  const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  assertEquals(told(get, [["GET", ""]]), undefined);
  assertEquals(told(get, [["POST", ""]]), "request 1: method GET, POST");
  assertEquals(told(get, [["GET", "x"]]), 'request 1: body "", "x"');
  assertEquals(told(get, [], "HPE_X"), "Node takes no request 1: HPE_X");
  assertEquals(told(get, [["GET", ""], ["GET", ""]]), "Node takes a request 2, and none is here");
  // RFC 9112, 3.2, which is listed; and what nobody has judged.
  assertEquals(told("GET / HTTP/1.1\r\n\r\n", [["GET", ""]]), undefined);
  assertEquals(
    told("GET / HTTP/1.1\r\nX : a\r\n\r\n", [["GET", ""]]),
    "Node takes what is refused: 400 header line is malformed",
  );
});

const targets = [requests, frames, compressed, deflated, texts, cursors, names, globs, fields];
const apps = [pusherMessages, pusherRequests];
for (const target of [...targets, tokens, ...apps, connections, sockets, envelopes]) {
  Deno.test(`all of the corpus is taken as it should, whole and byte by byte: ${target.name}`, async () => {
    for (const { name, bytes } of corpusOf(target.name)) {
      const cuts = Array.from({ length: Math.max(0, bytes.length - 1) }, (_, i) => i + 1);
      assertEquals(await fault({ ...target, time: () => 60_000 }, bytes, cuts), undefined, name);
    }
    endSessions();
  });
}

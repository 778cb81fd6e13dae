import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DAY, HOUR, MINUTE, NEW_YEAR, problem, SECOND, TestStore } from "./directory.ts";
import { TestSchedule } from "./tools.ts";

Deno.test("from nothing to a certificate of all names, with an account whose terms are agreed to", async () => {
  const test = new TestSchedule();
  const names = ["kodama.test", "www.kodama.test"];
  const certificate = await test.first({ names });
  assertEquals(certificate.names, names);
  assertEquals([certificate.from, certificate.expires], [NEW_YEAR, NEW_YEAR + 90 * DAY]);
  assertMatch(certificate.key, /^-----BEGIN PRIVATE KEY-----\n[^-]+\n-----END PRIVATE KEY-----\n$/);
  const [account, ...others] = test.directory.accounts.values();
  assertEquals([account!.contact, others], [["mailto:me@kodama.test"], []]);
  assertEquals(test.challenges.size, 0);
  assertEquals(test.told.map(({ level, message }) => `${level} ${message}`), [
    "info asking for a certificate",
    "info certificate received",
  ]);
  assertEquals(test.told[1]!.fields, {
    names: "kodama.test,www.kodama.test",
    expires: "2030-04-01T00:00:00.000Z",
    renewal: "2030-03-02T00:00:00.000Z",
  });
});

Deno.test("a certificate is renewed at two thirds of its life, with a new key and the same account", async () => {
  const test = new TestSchedule(200 * DAY);
  const keys = new Set<string>();
  for await (const { key } of test.start()) keys.add(key);
  assertEquals(keys.size, 4);
  assertEquals(test.directory.count("account"), 1);
  // Each takes a moment of looks at what the directory does.
  for (const [index, at] of test.directory.ordered.entries()) {
    const late = at - index * 60 * DAY;
    assert(late >= 0 && late < MINUTE, `order ${index} came ${late} ms after its time`);
  }
  assert(Math.max(...test.time.waits) <= HOUR, "a timer of more than 24 days would end at once");
});

Deno.test("after a restart the account and the certificate are used that are kept; nothing is asked", async () => {
  const before = new TestSchedule();
  const { cert, key } = await before.first();
  const after = new TestSchedule(60 * DAY - SECOND);
  after.store = before.store;
  const steps = after.start();
  const kept = (await steps.next()).value;
  assertEquals([kept.cert, kept.key], [cert, key]);
  assertEquals((await steps.next()).done, true);
  assertEquals(after.directory.steps, []);
  assertEquals(after.told.map(({ message }) => message), ["certificate read"]);
});

Deno.test("a kept certificate that is due, or has expired, is used at once and renewed with the kept account", async () => {
  for (const age of [61 * DAY, 91 * DAY]) {
    const before = new TestSchedule(100 * DAY);
    const old = await before.first();
    const { directory, store, time } = before;
    await time.wait(age, before.stop.signal);
    const steps = before.start({ store, fetch: directory.fetch });
    assertEquals((await steps.next()).value.key, old.key);
    assert((await steps.next()).value.key !== old.key);
    assertEquals(directory.count("account"), 1);
  }
});

Deno.test("another name is a reason to ask at once; what is kept is used meanwhile where it is for any of the names", async () => {
  const test = new TestSchedule();
  const old = await test.first();
  const more = test.start({ names: ["kodama.test", "www.kodama.test"] });
  assertEquals((await more.next()).value.key, old.key);
  assert((await more.next()).value.key !== old.key);
  const fewer = test.start({ names: ["www.kodama.test"] });
  assertEquals((await fewer.next()).value.key !== old.key, true);
  assertEquals(test.directory.count("order"), 2);
  const other = await test.first({ names: ["other.test"] });
  assertEquals([other.names, test.directory.count("order")], [["other.test"], 3]);
});

Deno.test("another address is told to the directory, once", async () => {
  const test = new TestSchedule();
  await test.first();
  for (const names of [["a.test"], ["b.test"]]) {
    await test.first({ names, email: "new@kodama.test" });
  }
  assertEquals(test.directory.count("update"), 1);
  assertEquals([...test.directory.accounts.values()].map(({ contact }) => contact), [[
    "mailto:new@kodama.test",
  ]]);
});

Deno.test("an account that the directory has forgotten is made again, with the same key", async () => {
  const test = new TestSchedule();
  await test.first();
  const [url] = test.directory.accounts.keys();
  test.directory.accounts.clear();
  await test.first({ names: ["www.kodama.test"] });
  assertEquals([...test.directory.accounts.keys()], [url!]);
  assertEquals(test.failures, []);
});

Deno.test("the account's key is kept before the directory knows it", async () => {
  const test = new TestSchedule(1);
  test.directory.script.account = () => {
    assertMatch(test.store.texts.get("account.json")!, /"d":/);
    return new Error("cut off");
  };
  assertEquals(await test.run(), 0);
  const { texts } = test.store;
  const again = new TestSchedule();
  again.store.texts = texts;
  const key = texts.get("account.json")!;
  await again.first();
  assertEquals(JSON.parse(again.store.texts.get("account.json")!).key, JSON.parse(key).key);
});

Deno.test("a directory that is down for days is asked less and less, and at least each hour", async () => {
  const test = new TestSchedule();
  const until = NEW_YEAR + 5 * DAY;
  const asked: number[] = [];
  test.directory.script.directory = () => {
    asked.push(test.time.now() - NEW_YEAR);
    return test.time.now() < until ? new Response("down", { status: 502 }) : undefined;
  };
  await test.first();
  assertEquals(asked.slice(0, 5), [0, 5, 15, 35, 75].map((s) => s * SECOND));
  assert(asked.length < 5 * 24 + 12, `${asked.length} requests in 5 days`);
  assert(asked.at(-1)! < 5 * DAY + HOUR);
  const failures = test.told.filter(({ level }) => level === "error");
  assertEquals(failures.length, asked.length - 1);
  assertEquals(failures[0], {
    level: "error",
    message: "no certificate yet",
    fields: { why: "acme.test answers with 502", again: "2030-01-01T00:00:05.000Z", failures: 1 },
  });
});

Deno.test("one that refuses is asked at most four times in an hour, and at least each six hours", async () => {
  const test = new TestSchedule(3 * DAY);
  test.directory.script.order = () => problem(403, "rejectedIdentifier", "not this name");
  assertEquals(await test.run(), 0);
  const { waits } = test.time;
  assertEquals(test.failures[0], "rejectedIdentifier: not this name");
  assertEquals(test.directory.count("account"), 1);
  const orders = test.directory.count("order");
  assertEquals(orders, 1 + 7 + Math.floor((3 * DAY - (2 ** 7 - 1) * 5 * MINUTE) / (6 * HOUR)));
  assertEquals(waits.slice(0, 4), [5, 10, 20, 40].map((m) => m * MINUTE));
});

const limits: [headers: Record<string, string>, wait: number][] = [
  [{ "Retry-After": "86400" }, DAY],
  [{ "Retry-After": new Date(NEW_YEAR + 2 * DAY).toUTCString() }, 2 * DAY],
  // Never sooner than by itself.
  [{ "Retry-After": "1" }, 5 * MINUTE],
  [{ "Retry-After": new Date(NEW_YEAR - DAY).toUTCString() }, 5 * MINUTE],
  [{ "Retry-After": "soon" }, 5 * MINUTE],
  [{ "Retry-After": "-5" }, 5 * MINUTE],
  [{}, 5 * MINUTE],
];
for (const [headers, wait] of limits) {
  Deno.test(`a rate limit with ${JSON.stringify(headers)} is waited for, ${wait / MINUTE} minutes`, async () => {
    const test = new TestSchedule();
    test.directory.script.order = (call) =>
      call === 1 ? problem(429, "rateLimited", "too many certificates", headers) : undefined;
    await test.first();
    assertEquals(test.directory.ordered, [wait]);
    assertEquals(test.failures, ["rateLimited: too many certificates"]);
  });
}

Deno.test("a directory that is down and says for how long is asked after that, not before", async () => {
  const test = new TestSchedule();
  test.directory.script.directory = (call) =>
    call === 1 ? new Response("", { status: 503, headers: { "Retry-After": "120" } }) : undefined;
  await test.first();
  assertEquals(test.directory.ordered, [2 * MINUTE]);
});

Deno.test("what the directory asked to wait counts after a restart, too", async () => {
  const before = new TestSchedule(1);
  before.directory.script.order = () =>
    problem(429, "rateLimited", "too many", { "Retry-After": "86400" });
  await before.run();
  const after = new TestSchedule();
  after.store = before.store;
  await after.first();
  assertEquals(after.directory.ordered, [DAY]);
  assertEquals(after.told[0], {
    level: "warn",
    message: "the directory wants to be left alone",
    fields: { again: "2030-01-02T00:00:00.000Z" },
  });
});

for (const [headers, wait] of [[{}, 0], [{ "Retry-After": "3600" }, HOUR]] as const) {
  Deno.test(`who is in a hurry has it tried again after ${wait} ms, with ${JSON.stringify(headers)}`, async () => {
    const test = new TestSchedule();
    test.directory.script.order = (call) =>
      call === 1 ? problem(403, "rejectedIdentifier", "no", headers) : undefined;
    const { wait: pass } = test.time;
    test.time.wait = async (ms, signal) => {
      // As the pause begins: of five minutes, or of an hour.
      test.hurried.abort();
      signal.throwIfAborted();
      await pass.call(test.time, ms, signal);
    };
    await test.first();
    assertEquals(test.directory.ordered.at(-1), wait);
  });
}

Deno.test("nobody's hurry makes a renewal come before its time", async () => {
  const test = new TestSchedule(50 * DAY);
  test.hurried.abort();
  assertEquals(await test.run(), 1);
});

Deno.test("a renewal that fails is told with how long the old certificate is good; it goes on with it", async () => {
  const test = new TestSchedule(100 * DAY);
  test.directory.script.order = (call) =>
    call > 1 ? problem(403, "rejectedIdentifier", "not any more") : undefined;
  assertEquals(await test.run(), 1);
  const failures = test.told.filter(({ level }) => level !== "info");
  assertEquals(failures[0]!.message, "certificate not renewed");
  assertEquals(failures[0]!.fields.expires, "2030-04-01T00:00:00.000Z");
  const levels = failures.map((
    { level, fields },
  ) => [level, String(fields.again) <= String(fields.expires)]);
  assertEquals(levels[0], ["warn", true]);
  // It has expired meanwhile.
  assertEquals(levels.at(-1), ["error", false]);
});

Deno.test("a certificate that is due as it comes is no reason to ask for the next at once", async () => {
  const test = new TestSchedule(DAY);
  test.directory.backdated = 40 * DAY;
  const count = await test.run();
  assertEquals([count, test.directory.count("order")], [10, 10]);
  assertStringIncludes(test.failures[0]!, "is this machine's clock right?");
});

Deno.test("where nothing can be kept, no account is made; a certificate is used all the same", async () => {
  const test = new TestSchedule(HOUR);
  test.store.write = () => Promise.reject(new Error("No space left on device"));
  assertEquals(await test.run(), 0);
  assertEquals(test.directory.accounts.size, 0);
  assertEquals(test.failures[0], "No space left on device");
  const full = new TestSchedule();
  const { write } = full.store;
  full.store.write = (name, text) =>
    name === "certificate.pem"
      ? Promise.reject(new Error("No space left on device"))
      : write(name, text);
  await full.first();
  assertEquals(full.told.map(({ message }) => message), [
    "asking for a certificate",
    "certificate received",
    "the certificate cannot be kept",
  ]);
});

Deno.test("a kept certificate that is damaged is had again; a damaged account is left alone, and told", async () => {
  const test = new TestSchedule();
  const { key } = await test.first();
  for (
    const text of ["", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
  ) {
    test.store.texts.set("certificate.pem", text);
    assert((await test.first()).key !== key);
  }
  assertEquals(test.told.filter(({ level }) => level === "warn").length, 3);
  for (const text of ["", "garbage", "{}", '{"key":{"kty":"EC","crv":"P-256"}}', '{"key":null}']) {
    const broken = new TestSchedule(1);
    broken.store = new TestStore();
    await broken.store.write("account.json", text);
    assertEquals(await broken.run(), 0);
    assertStringIncludes(broken.failures[0]!, "account.json is damaged");
    assertEquals([broken.store.texts.get("account.json"), broken.directory.steps], [text, []]);
  }
});

Deno.test("it ends with its signal, also in the middle of a request", async () => {
  const test = new TestSchedule();
  test.directory.script.order = () => {
    test.stop.abort();
    return new DOMException("aborted", "AbortError");
  };
  assertEquals(await test.run(), 0);
  assertEquals(test.failures, []);
});

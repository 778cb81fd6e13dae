/** What a program gives kodama() is checked as flags are, from the one table. */
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { kodama, type KodamaOptions, type ServiceSettings } from "../../lib/kodama.ts";
import { type Config, defaults, settings } from "../../lib/settings/config.ts";
import { checkedSettings } from "../../lib/settings/plain.ts";
import { testMemory } from "../engine/memory_engine.ts";

/** Whether two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true
  : false;
// Every setting has a place in the public type, and no other has; what the command line makes fits in there.
const _: [
  Same<keyof Config, keyof ServiceSettings>,
  Config extends ServiceSettings ? true : false,
] = [true, true];

Deno.test("nothing given is every default, and every default can be given", () => {
  assertEquals(checkedSettings({}), defaults);
  assertEquals(checkedSettings(defaults), defaults);
  const some = { port: undefined, trustProxy: "off" } as unknown as ServiceSettings;
  assertEquals(checkedSettings(some), defaults);
});

const good: [given: ServiceSettings, key: keyof Config, value: unknown][] = [
  [{ port: 0 }, "port", 0],
  [{ port: 65535 }, "port", 65535],
  [{ port: "none", unix: "/a" }, "port", "none"],
  [{ maxMessage: 1 }, "maxMessage", 1],
  [{ maxMessage: 1 << 30 }, "maxMessage", 1 << 30],
  [{ pingInterval: 86_400_000 }, "pingInterval", 86_400_000],
  [{ drain: 0 }, "drain", 0],
  [{ workers: "auto" }, "workers", 0],
  [{ workers: 256 }, "workers", 256],
  [{ authorize: "http://a.example/b" }, "authorize", "http://a.example/b"],
  [{ hook: ["http://a/b", "https://a"] }, "hook", ["http://a/b", "https://a"]],
  [{ origin: ["https://a.example", "*"] }, "origin", ["https://a.example", "*"]],
  [{ trustProxy: "on" }, "trustProxy", "on"],
  [{ trustProxy: ["10.0.0.0/8"] }, "trustProxy", [{ prefix: 0xffff0an, free: 24n }]],
  [{ trustProxy: [{ prefix: 1n, free: 0n }] }, "trustProxy", [{ prefix: 1n, free: 0n }]],
  [{ secret: "s".repeat(32) }, "secret", "s".repeat(32)],
  [{ acme: "a@b", host: ["a.example"], data: "d" }, "httpPort", 80],
  [{ acme: "a@b", host: ["a.example"], data: "d" }, "hostname", "::"],
];

for (const [given, key, value] of good) {
  Deno.test(`kodama() takes ${JSON.stringify(Object.keys(given))} and has ${key} ${String(value)}`, () => {
    assertEquals(checkedSettings(given)[key], value);
  });
}

// deno-lint-ignore no-explicit-any
const bad: [given: any, error: typeof TypeError | typeof RangeError, message: string][] = [
  [{ prot: 1 }, TypeError, 'kodama() has no option "prot"'],
  [{ maxmessage: 1 }, TypeError, 'kodama() has no option "maxmessage"'],
  [{ toString: 1 }, TypeError, 'kodama() has no option "toString"'],
  [{ port: "80" }, TypeError, "port must be a number, not a string"],
  [{ port: null }, TypeError, "port must be a number, not null"],
  [{ port: 65536 }, RangeError, "port must be a whole number from 0 to 65535, and is 65536"],
  [{ port: 1.5 }, RangeError, "port must be a whole number from 0 to 65535, and is 1.5"],
  [{ port: NaN }, RangeError, "port must be a whole number from 0 to 65535, and is NaN"],
  [
    { maxMessage: 0 },
    RangeError,
    "maxMessage must be a whole number of bytes from 1 to 1073741824",
  ],
  [{ maxMessage: (1 << 30) + 1 }, RangeError, "maxMessage must be a whole number of bytes"],
  [{ maxMessage: "1MiB" }, TypeError, "maxMessage must be a number, not a string"],
  [{ pingInterval: 86_400_001 }, RangeError, "pingInterval must be a whole number of ms from 1 to"],
  [{ workers: 257 }, RangeError, "workers must be a whole number from 0 to 256, and is 257"],
  [{ workers: "some" }, TypeError, "workers must be a number, not a string"],
  [{ hostname: "a b" }, RangeError, 'hostname must be an address or a name, and is "a b"'],
  [{ hostname: ["a"] }, TypeError, "hostname must be a string, not a list"],
  [{ origin: "https://a.example" }, TypeError, "origin must be a list of strings, not a string"],
  [{ origin: [1] }, TypeError, "origin must be a string, not a number"],
  [{ origin: ["a.example"] }, RangeError, "origin must be an origin such as https://example.com"],
  [{ trustProxy: true }, TypeError, "trustProxy must be on, off or a list of networks, not a bo"],
  [{ trustProxy: ["10.0.0.0/33"] }, RangeError, "trustProxy must be on, off, or addresses such as"],
  [{ deflate: "on" }, RangeError, "deflate must be one of shared, takeover, off"],
  [{ secret: "short" }, RangeError, "secret must be 32 bytes or more"],
  [{ secret: 1 }, TypeError, "secret must be a string, not a number"],
  [{ engine: "redis://a" }, RangeError, "engine must be memory, sqlite:FILE or nats://HOST"],
  [{ engine: {} }, TypeError, "engine must be a name, an engine, or a log with its clock"],
  [{ engine: 1 }, TypeError, "engine must be a name, an engine, or a log with its clock"],
  [{ log: "stderr" }, TypeError, "log must be a function or a list of strings"],
  [{ log: [1] }, TypeError, "log must be a function or a list of strings"],
  [{ signal: {} }, TypeError, "signal must be an AbortSignal"],
  [{ authorize: {} }, TypeError, "authorize must be a function or a URL"],
  [{ hook: "http://a" }, TypeError, "hook must be a list of strings, not a string"],
  [{ hook: ["http://a", "a"] }, RangeError, "hook must be an http or https URL"],
  [{ authorize: "a.example" }, RangeError, "authorize must be an http or https URL"],
  [{ before: "x" }, TypeError, "before must be a function"],
  [{ waiting: 1 }, TypeError, "waiting must be a function"],
  [{ authorize: "http://a", origin: ["*"] }, TypeError, "authorize and origin * do not go tog"],
  [{ cert: "a" }, TypeError, "cert and key need each other"],
  [{ secret: "s".repeat(32), jwks: "https://a" }, TypeError, "secret and jwks are two ways to"],
  [{ port: "none" }, TypeError, "port none needs unix: it would listen nowhere"],
  [{ httpPort: 80 }, TypeError, "httpPort needs acme or cert: it sends everybody to https"],
  [{ acme: "a@b" }, TypeError, "acme needs host with each name that the certificate is to be for"],
  [{ acme: "a@b", host: ["a.example"] }, TypeError, "acme needs data: where the account and the"],
  [{ workers: 2, authorize() {} }, TypeError, "authorize needs workers 1: a function stays in"],
  [{ workers: "auto", onpublish() {} }, TypeError, "onpublish needs workers 1"],
  [{ workers: 2, before() {} }, TypeError, "before needs workers 1"],
  [{ workers: 2, after() {} }, TypeError, "after needs workers 1"],
  [
    { workers: 2, engine: testMemory().engine },
    TypeError,
    "engine needs workers 1: an engine that",
  ],
];

for (const [given, kind, message] of bad) {
  Deno.test(`kodama() does not start, and says ${message}`, async () => {
    // Where it would start all the same, nothing is left behind.
    const error = await assertRejects(
      async () => await (await kodama({ port: 0, ...given } as KodamaOptions)).shutdown(),
      kind,
    );
    assertStringIncludes(error.message, message);
  });
}

Deno.test("a kind of value that it must not have is told of every setting, and its value is not shown", () => {
  for (const key of Object.keys(settings)) {
    const given = { [key]: { toString: () => "hidden" } };
    const error = assertThrows(() => checkedSettings(given as ServiceSettings), TypeError);
    assertEquals(error.message.startsWith(`${key} must be `), true, error.message);
    assertEquals(error.message.includes("hidden"), false);
  }
});

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { helpText, parseCommand } from "../../lib/settings/command.ts";
import { ConfigError } from "../../lib/settings/setting.ts";

const secret = "a secret of at least thirty-two bytes";
const url = "http://127.0.0.1:9999/btc";

const nobody: Record<string, string> = {};

Deno.test("serve is the default, and can be named", () => {
  for (const args of [[], ["serve"]]) {
    const command = parseCommand([...args, "--port", "81"], () => undefined);
    assert(command.run === "serve");
    assertEquals(command.config.port, 81);
  }
});

Deno.test("token takes globs, a time and a name, and the secret from the environment", () => {
  const args = [
    "--read",
    "a/*",
    "--read",
    "b,c/**",
    "--ttl",
    "8760h",
    "--sub",
    "木霊",
    "--info",
    "[1]",
  ];
  const env = { KODAMA_SECRET: secret, KODAMA_TTL: "1s", KODAMA_WRITE: "**" };
  const command = parseCommand(["token", ...args], (name) => (env as typeof nobody)[name]);
  assertEquals(command, {
    run: "token",
    options: {
      read: ["a/*", "b", "c/**"],
      write: [],
      ttl: 31_536_000_000,
      sub: "木霊",
      info: "[1]",
      secret,
    },
  });
});

Deno.test("publish takes a URL, a text and flags, and the token from the environment", () => {
  // KODAMA_KEY and KODAMA_TYPE are not for it: a server has settings of its own.
  const env = { KODAMA_TOKEN: "a.b.c", KODAMA_KEY: "key.pem", KODAMA_TYPE: "x/y" };
  const options = { type: "text/plain; charset=utf-8", key: "", sender: "", token: "a.b.c" };
  const cases: [args: string[], text: string | undefined, more: object][] = [
    [[url, "a text"], "a text", {}],
    [[url], undefined, {}],
    [[url, "-"], undefined, {}],
    [[url, ""], "", {}],
    [[url, "--", "--help"], "--help", {}],
    [["--key", "k1", url, "x", "--type=application/json"], "x", {
      key: "k1",
      type: "application/json",
    }],
    [[url, "x", "--token", "d.e.f"], "x", { token: "d.e.f" }],
  ];
  for (const [args, text, more] of cases) {
    const command = parseCommand(["publish", ...args], (name) => (env as typeof nobody)[name]);
    assert(command.run === "publish");
    assertEquals([command.url.href, command.text, command.options], [
      url,
      text,
      { ...options, ...more },
    ]);
  }
});

Deno.test("subscribe takes a URL, a cursor and a form", () => {
  const args = ["subscribe", "ws://127.0.0.1:9999/btc#top", "--since", "10m", "--json"];
  const command = parseCommand(args, () => undefined);
  assert(command.run === "subscribe");
  assertEquals([command.url.href, command.options], [url, { since: "10m", token: "", json: true }]);
});

Deno.test("check takes a file, and a form", () => {
  const command = parseCommand(["check", "data/log.db", "--json"], () => undefined);
  assertEquals(command, { run: "check", file: "data/log.db", options: { json: true } });
});

Deno.test("health takes a URL or none, and where to look from the settings of the server", () => {
  const env = { KODAMA_PORT: "81", KODAMA_HOST: "a.example", KODAMA_TIMEOUT: "1s" };
  const secure = { cert: "", acme: "", unix: "" };
  const options = {
    hostname: "127.0.0.1",
    port: 81,
    ...secure,
    host: ["a.example"],
    timeout: 5000,
  };
  for (const [args, url] of [[[], undefined], [["http://b/"], "http://b/"]] as const) {
    const command = parseCommand(["health", ...args], (name) => (env as typeof nobody)[name]);
    assert(command.run === "health");
    assertEquals([command.url?.href, command.options], [url, options]);
  }
});

const refusals: [args: string[], message: string][] = [
  [["echo"], '"echo" is not a command; see --help'],
  [["constructor"], '"constructor" is not a command'],
  [["serve", "x"], '"x" is not a flag; see --help'],
  [["serve", "--token", "x"], "unknown flag --token; see --help"],
  [["token", "--read", "a"], "token needs --secret or KODAMA_SECRET"],
  [["token", "--secret", secret], "token needs --read or --write; see --help"],
  [["token", "--secret", "SEKRET", "--read", "a"], "--secret must be 32 bytes or more"],
  [["token", "--secret", secret, "--read", "a*"], '--read must be a glob of channels, and is "a*"'],
  [["token", "--secret", secret, "--read", "a//b"], "--read must be a glob of channels"],
  [["token", "--secret", secret, "--read", "a", "--ttl", "1ms"], "from 1s to 8760h"],
  [["publish"], "publish needs a URL; see --help"],
  [["publish", url, "two", "words"], "publish takes one text; put it in quotes if it has spaces"],
  [["publish", "/btc"], "the URL must be whole, such as http://127.0.0.1:9999/btc"],
  [["publish", "file:///btc"], "the URL must be http or https, such as http://127.0.0.1:9999/btc"],
  [["publish", "http://127.0.0.1:9999?token=SEKRET"], "the URL must name a channel"],
  [["publish", "http://u:SEKRET@127.0.0.1/c"], "the URL must not hold a user or a password"],
  [["publish", url, "--type", "SEKRET"], "--type must be a media type"],
  [["publish", url, "--type", "a/b\r\nX: 1"], "--type must be a media type"],
  [["publish", url, "--key", "a b"], "--key must be 1 to 128 visible ASCII characters"],
  [["publish", url, "--sender", "a b"], "--sender must be 1 to 128 visible ASCII characters"],
  [["token", "--info", "{"], "--info must be JSON of at most 1 KiB"],
  [["token", "--info", `"${"x".repeat(1023)}"`], "--info must be JSON of at most 1 KiB"],
  [["publish", url, "--token", "SEKRET SEKRET"], "--token must be a JSON Web Token"],
  [["publish", url, "--token=SEKRET,SEKRET"], "--token must be a JSON Web Token"],
  [["publish", url, "--tokem=SEKRET"], "unknown flag --tokem; see --help"],
  [["publish", url, "--token"], "--token needs a value; see --help"],
  [["subscribe"], "subscribe needs a URL; see --help"],
  [["subscribe", url, "eth"], "subscribe takes one URL; several channels have commas between them"],
  [
    ["subscribe", url, "--since", "today"],
    "--since must be an id, an age such as 30s, all, last, or a number such as -10, and is",
  ],
  [["check"], "check needs a file; see --help"],
  [["check", "one.db", "two.db"], "check takes one file"],
  [["check", "one.db", "--since", "all"], "unknown flag --since; see --help"],
  [["subscribe", url, "--json=yes"], "--json takes no value; see --help"],
  [["health", url, url], "health takes one URL"],
  [["health", "127.0.0.1:9999"], "the URL must be whole, such as http://127.0.0.1:9999/"],
  [["health", "/"], "the URL must be whole, such as http://127.0.0.1:9999/"],
  [["health", "http://u:SEKRET@127.0.0.1/"], "the URL must not hold a user or a password"],
  [["health", "--secret", "x"], "unknown flag --secret; see --help"],
  [["health", "--timeout", "0s"], "--timeout must be a time (ms, s, m, h) from 1ms to 24h"],
];
for (const [args, message] of refusals) {
  Deno.test(`kodama ${JSON.stringify(args.join(" "))} is refused in one line`, () => {
    const error = assertThrows(() => parseCommand(args, () => undefined), ConfigError, message);
    assert(!error.message.includes("\n"));
    assert(!error.message.includes("SEKRET"));
    assert(error.message.length < 200);
  });
}

Deno.test("--help lists the commands, and of each its flags", () => {
  const names = ["serve", "token", "publish", "subscribe", "check", "health"] as const;
  for (const name of names) {
    assertStringIncludes(helpText(), `  ${name} `);
    for (const flag of ["--help", "-h"]) {
      const command = parseCommand([name, flag], () => undefined);
      assert(command.run === "help");
      assertEquals(command.text, helpText(name));
      assertStringIncludes(command.text, `Usage: kodama ${name} `);
    }
  }
  assertStringIncludes(helpText("publish"), "--key ");
  assertStringIncludes(helpText("subscribe"), "--since ");
  assertStringIncludes(helpText("token"), "[1h]");
});

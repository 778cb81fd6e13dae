import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { helpText, parseCommand, strangeVariables } from "../../lib/settings/command.ts";
import { type Config, defaults, publicNames, settings } from "../../lib/settings/config.ts";
import { flagName, variableName } from "../../lib/settings/flags.ts";
import { ConfigError } from "../../lib/settings/setting.ts";

function parse(args: string[], env: Record<string, string> = {}): Config {
  const command = parseCommand(args, (name) => env[name]);
  assert(command.run === "serve");
  return command.config;
}

Deno.test("the defaults are those that the documents name", () => {
  const { hostname, port, maxMessage, maxFragments, pingInterval, drain, origin } = defaults;
  assertEquals([hostname, port], ["127.0.0.1", 9999]);
  assertEquals([maxMessage, maxFragments, pingInterval, drain], [1048576, 1024, 25_000, 10_000]);
  assertEquals(origin, []);
  assertEquals(parse([]), defaults);
});

const values: [flags: string[], key: keyof Config, value: unknown][] = [
  [["--port", "0"], "port", 0],
  [["--port=65535"], "port", 65535],
  [["--hostname", "::1"], "hostname", "::1"],
  [["--max-message", "64MiB"], "maxMessage", 64 << 20],
  [["--max-message", "1"], "maxMessage", 1],
  [["--max-message", "1GiB"], "maxMessage", 1 << 30],
  [["--max-message", "1.5KiB"], "maxMessage", 1536],
  [["--ping-interval", "1ms"], "pingInterval", 1],
  [["--ping-interval", "1.5s"], "pingInterval", 1500],
  [["--ping-interval", "2m"], "pingInterval", 120_000],
  [["--ping-interval", "24h"], "pingInterval", 86_400_000],
  [["--drain", "0s"], "drain", 0],
  [["--origin", "https://a.example", "--origin=http://b.example:81"], "origin", [
    "https://a.example",
    "http://b.example:81",
  ]],
  [["--origin", "https://a.example, *"], "origin", ["https://a.example", "*"]],
  [["--host", "kodama.example"], "host", ["kodama.example"]],
  [["--trust-proxy", "on"], "trustProxy", "on"],
  [["--trust-proxy", "off"], "trustProxy", "off"],
  [["--trust-proxy", "10.0.0.0/8, ::1", "--trust-proxy=127.0.0.1"], "trustProxy", [
    { prefix: 0xffff0an, free: 24n },
    { prefix: 1n, free: 0n },
    { prefix: 0xffff_7f00_0001n, free: 0n },
  ]],
  [["--max-per-address", "0"], "maxPerAddress", 0],
  [["--max-per-address", "1"], "maxPerAddress", 1],
  [[], "maxPerAddress", 100],
  [["--max-buffered-total", "1"], "maxBufferedTotal", 1],
  [["--max-buffered-total", "64GiB"], "maxBufferedTotal", 2 ** 36],
  [[], "maxBufferedTotal", 256 << 20],
  [["--log-format", "json"], "logFormat", "json"],
  ...["nats://a", "nats://a:4222,b-1.example:65535", "tls://[::1]:4222", "nats://u:p%40@a,b"].map(
    (engine) => [["--engine", engine], "engine", engine] as [string[], keyof Config, unknown],
  ),
  [["--nats-creds", "data/kodama.creds"], "natsCreds", "data/kodama.creds"],
  [["--nats-stream", "x".repeat(32)], "natsStream", "x".repeat(32)],
  [["--nats-replicas", "5"], "natsReplicas", 5],
  [[], "natsStream", "kodama"],
  [[], "natsReplicas", 0],
  [["--port", "1", "--port", "2"], "port", 2],
  [["-p", "81"], "port", 81],
  [["-p81"], "port", 81],
];
for (const [flags, key, value] of values) {
  Deno.test(`parseCommand() takes ${flags.join(" ")}`, () =>
    assertEquals(parse(flags)[key], value));
}

const refusals: [flags: string[], message: string][] = [
  [["--prot", "1"], "unknown flag --prot"],
  [["--constructor", "1"], "unknown flag --constructor"],
  [["--__proto__", "1"], "unknown flag --__proto__"],
  [["-x"], "unknown flag -x"],
  [["-p"], "-p needs a value"],
  [["-p", "x"], "--port must be a number"],
  [["surprise"], '"surprise" is not a command'],
  [["--engine", "nats://"], "--engine must be memory, sqlite:FILE or nats://HOST"],
  [["--engine", "nats://u:secret@"], "--engine must be memory, sqlite:FILE or nats://HOST"],
  [["--engine", "nats://a:4222,"], "--engine must be memory, sqlite:FILE or nats://HOST"],
  [["--engine", "nats://a b"], "--engine must be memory, sqlite:FILE or nats://HOST"],
  [["--nats-stream", "x".repeat(33)], "--nats-stream must be 1 to 32 of"],
  [["--nats-stream", "a.b"], "--nats-stream must be 1 to 32 of"],
  [["--nats-replicas", "6"], "--nats-replicas must be a number from 0 to 5"],
  [["--port", "1", "surprise"], '"surprise" is not a flag'],
  [["--port"], "--port needs a value"],
  [["--port", "--host"], "--port needs a value"],
  [["--port", ""], "--port must be"],
  [["--port", "65536"], "--port must be a number from 0 to 65535"],
  [["--port=-1"], "--port must be"],
  [["--port", "80x"], "--port must be"],
  [["--port", "none"], "--port none needs --unix"],
  [["--port", "none", "--unix", "s", "--cert", "c", "--key", "k"], "--cert needs a port"],
  [["--cert", "c"], "--cert and --key need each other"],
  [["--key", "k"], "--cert and --key need each other"],
  [["--unix", "a\0b"], "--unix must be a path"],
  [["--port", "0x50"], "--port must be"],
  [["--port", "8.5"], "--port must be"],
  [["--max-message", "0"], "--max-message must be a size"],
  [["--max-message", "1025MiB"], "from 1 to 1GiB"],
  [["--max-message", "1mib"], "--max-message must be a size"],
  [["--max-message", "1 MiB"], "--max-message must be a size"],
  [["--ping-interval", "25"], "--ping-interval must be a time"],
  [["--ping-interval", "0s"], "from 1ms to 24h"],
  [["--ping-interval", "25h"], "--ping-interval must be a time"],
  [["--ping-interval", "0.0001s"], "--ping-interval must be a time"],
  [["--origin", "a.example"], "--origin must be an origin"],
  [["--trust-proxy", ""], "--trust-proxy must be on, off, or addresses"],
  [["--trust-proxy", "yes"], "--trust-proxy must be on, off, or addresses"],
  [["--trust-proxy", "on,10.0.0.1"], "--trust-proxy must be on, off, or addresses"],
  [["--trust-proxy", "10.0.0.0/33"], "--trust-proxy must be on, off, or addresses"],
  [["--trust-proxy", "proxy.example"], "--trust-proxy must be on, off, or addresses"],
  [["--max-per-address", "-1"], "--max-per-address must be a number"],
  [["--max-buffered-total", "0"], "--max-buffered-total must be a size"],
  [["--max-buffered-total", "1025GiB"], "from 1 to 1024GiB"],
  [["--hostname", "a b"], "--hostname must be an address"],
  [["--secret", "x".repeat(32), "--jwks", "https://a.example/keys"], "give one of them"],
  [["--log-level", "loud"], "--log-level must be one of debug, info, warning, error"],
];
const acme = ["--acme", "me@a.example", "--data", "d", "--host", "a.example"];
const pair = ["--cert", "c.pem", "--key", "k.pem"];
refusals.push(
  [["--acme", "me"], "--acme must be a mail address"],
  [["--acme", "me@a.example,you@b.example"], "--acme must be a mail address"],
  [["--acme", "me@a.example", "--data", "d"], "--acme needs --host"],
  [
    ["--acme", "me@a.example", "--data", "d", "--host", "localhost,192.0.2.1,[::1]"],
    "needs --host",
  ],
  [["--acme", "me@a.example", "--host", "a.example"], "--acme needs --data"],
  [[...acme, "--http-port", "none"], "--acme needs --http-port"],
  [[...acme, "--acme-directory", "http://a.example"], "--acme-directory must be an https URL"],
  [[...acme, ...pair], "--acme and --cert are two ways to a certificate"],
  [[...acme, "--port", "none", "--unix", "s"], "--acme needs a port"],
  [["--http-port", "80"], "--http-port needs --acme or --cert"],
  [[...pair, "--http-port", "65536"], "--http-port must be a number from 0 to 65535"],
);
for (const [flags, message] of refusals) {
  Deno.test(`parseCommand() refuses ${flags.join(" ") || "(empty)"}, in one line`, () => {
    const error = assertThrows(() => parse(flags), ConfigError, message);
    assert(!error.message.includes("\n"));
    assert(error.message.length < 250);
  });
}

Deno.test("with --acme it listens everywhere, and on port 80, unless something else is said", () => {
  const { hostname, port, httpPort, acmeDirectory } = parse(acme);
  assertEquals([hostname, port, httpPort], ["::", 9999, 80]);
  assertEquals(acmeDirectory, "https://acme-v02.api.letsencrypt.org/directory");
  const said = parse([...acme, "--http-port", "8080"], { KODAMA_HOSTNAME: "127.0.0.1" });
  assertEquals([said.hostname, said.httpPort], ["127.0.0.1", 8080]);
  assertEquals(parse(pair).httpPort, "none");
  assertEquals(parse([...pair, "--http-port", "0"]).httpPort, 0);
});

const hosts: [host: string, names: string[]][] = [
  ["Kodama.Example.", ["kodama.example"]],
  ["a.example:8443,a.example", ["a.example"]],
  ["b.example,a.example", ["b.example", "a.example"]],
  ["intranet", ["intranet"]],
  ["localhost,x.localhost,127.0.0.1,[::1],[::1]:80,::1", []],
];
for (const [host, names] of hosts) {
  Deno.test(`publicNames() of ${host} are ${names.join(", ") || "none"}`, () =>
    assertEquals(publicNames(parse(["--host", host]).host), names));
}

Deno.test("parseCommand() refuses a value of any length in one short line", () => {
  const error = assertThrows(() => parse(["--port", "9".repeat(1e5)]), ConfigError);
  assert(error.message.length < 250);
});

Deno.test("parseCommand() reads the environment, and flags win over it", () => {
  const env = { KODAMA_PORT: "81", KODAMA_MAX_MESSAGE: "2KiB", KODAMA_ORIGIN: "" };
  assertEquals(parse(["--port", "82"], env).port, 82);
  assertEquals(parse([], env).maxMessage, 2048);
  assertEquals(parse([], env).origin, []);
  assertThrows(() => parse([], { KODAMA_PORT: "x" }), ConfigError, "KODAMA_PORT must be a number");
});

Deno.test("parseCommand() takes no port where there is a Unix socket, and files for TLS", () => {
  const unix = parse(["--port", "none", "--unix", "run/kodama"]);
  assertEquals([unix.port, unix.unix, unix.cert, unix.key], ["none", "run/kodama", "", ""]);
  const tls = parse([], {
    KODAMA_CERT: "full chain.pem",
    KODAMA_KEY: "key.pem",
    KODAMA_PORT: "443",
  });
  assertEquals([tls.port, tls.unix, tls.cert, tls.key], [443, "", "full chain.pem", "key.pem"]);
});

Deno.test("parseCommand() knows --help and --version, long and short", () => {
  for (const flag of ["--help", "-h"]) {
    assertEquals(parseCommand([flag], () => undefined).run, "help");
  }
  for (const flag of ["--version", "-V"]) {
    assertEquals(parseCommand([flag], () => undefined).run, "version");
  }
});

Deno.test("--help names every setting and its default", () => {
  const text = helpText();
  for (const [key, setting] of Object.entries(settings)) {
    assertMatch(text, new RegExp(`^  --${flagName(key)}(, -\\w)? `, "m"));
    if (setting.default) assertStringIncludes(text, `[${setting.default}]`);
  }
  assertEquals(variableName("maxMessage"), "KODAMA_MAX_MESSAGE");
});

Deno.test("--help has the flags in groups, the choices of each, and four examples", () => {
  const text = helpText();
  for (const group of ["Listening", "Access", "Limits", "Memory", "Compression", "Operation"]) {
    assertStringIncludes(text, `\n\n${group}:\n  --`);
  }
  for (const { form, help } of Object.values(settings)) {
    if (form.includes(" | ")) assertStringIncludes(help, form.replaceAll(" | ", ", "));
  }
  assertMatch(text, /--port, -p +its port/);
  const [, examples] = text.split("\nExamples:\n");
  const lines = examples!.split("\n");
  assertEquals(lines.length, 4);
  for (const line of lines) {
    // What it shows can be typed.
    const args = /kodama (.*)$/.exec(line)![1]!.replaceAll("'", "").split(" ");
    assertEquals(parseCommand(args, () => undefined).run, "serve");
  }
});

const variables: [name: string, nearest: string | undefined][] = [
  ["KODAMA_PROT", "KODAMA_PORT"],
  ["KODAMA_MAXMESSAGE", "KODAMA_MAX_MESSAGE"],
  ["KODAMA_ORIGINS", "KODAMA_ORIGIN"],
  ["KODAMA_SOMETHING_ELSE", undefined],
  // A flag of `token`, but no variable of it.
  ["KODAMA_TTL", undefined],
];
Deno.test("a variable that looks like ours and is none is told, with the nearest", () => {
  const ours = ["KODAMA_PORT", "KODAMA_TOKEN", "KODAMA_SECRET", "PATH", "XKODAMA_PROT"];
  assertEquals(strangeVariables(ours), []);
  for (const [name, nearest] of variables) {
    assertEquals(strangeVariables([...ours, name]), [{ name, nearest }]);
  }
});

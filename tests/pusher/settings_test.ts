/** `--pusher`: what it takes, what it refuses, and what is never shown. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { appsOf } from "../../lib/pusher/app.ts";
import { parseCommand } from "../../lib/settings/command.ts";
import { ConfigError } from "../../lib/settings/setting.ts";

function configOf(args: string[], env: Record<string, string> = {}) {
  const command = parseCommand(args, (name) => env[name]);
  if (command.run !== "serve") throw new TypeError("it does not serve");
  return command.config;
}

Deno.test("apps are given one by one, or with commas between them in the environment; the first has no prefix", () => {
  const apps = [
    { id: "3", key: "k", secret: "s", prefix: "" },
    { id: "my-app.2", key: "K_-9", secret: "a:b=c/d", prefix: "my-app.2/" },
  ];
  const flags = ["--pusher", "3:k:s", "--pusher", "my-app.2:K_-9:a:b=c/d"];
  assertEquals(appsOf(configOf(flags)), apps);
  assertEquals(appsOf(configOf([], { KODAMA_PUSHER: "3:k:s, my-app.2:K_-9:a:b=c/d" })), apps);
  assertEquals(appsOf(configOf([])), []);
});

Deno.test("what is no app is refused, and the secret in it not shown", () => {
  const secret = "s3cret";
  const rows = [
    `3:${secret}`,
    `3::${secret}`,
    `:k:${secret}`,
    "3:k:",
    `3 :k:${secret}`,
    `3/4:k:${secret}`,
    `app:k:${secret}`,
    `apps:k:${secret}`,
    `-3:k:${secret}`,
    `3:k/l:${secret}`,
    `3:k:${secret} x`,
    `3:k:${secret}木`,
    `${"3".repeat(65)}:k:${secret}`,
    `3:${"k".repeat(65)}:${secret}`,
    `3:k:${secret.repeat(43)}`,
  ];
  for (const row of rows) {
    const error = assertThrows(() => configOf(["--pusher", row]), ConfigError, "APP_ID:KEY:SECRET");
    assert(!error.message.includes(secret), row);
  }
  for (const other of ["3:l:t", "4:k:t"]) {
    assertThrows(() => configOf(["--pusher", "3:k:s", "--pusher", other]), ConfigError, "two apps");
  }
  const longest = [`${"3".repeat(64)}`, "k".repeat(64), "s".repeat(256)].join(":");
  assertEquals(configOf(["--pusher", longest]).pusher.length, 1);
});

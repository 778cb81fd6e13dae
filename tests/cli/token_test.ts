import { assertEquals, assertMatch } from "@std/assert";
import { ask } from "../tools/channels.ts";
import { run } from "../tools/command.ts";
import { testService } from "../tools/service.ts";

const secret = "a secret of at least thirty-two bytes";

Deno.test("kodama token prints a token that may do what it says, and no more", async () => {
  await using service = await testService("--secret", secret);
  const args = [
    "token",
    "--read",
    "orders/*",
    "--write",
    "orders/7",
    "--ttl",
    "2h",
    "--sub",
    "ann",
    "--info",
    '{"name":"Ann"}',
  ];
  const { code, out, err } = await run(args, { env: { KODAMA_SECRET: secret } });
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  const claims = JSON.parse(atob(out.split(".")[1]!.replaceAll("-", "+").replaceAll("_", "/")));
  assertEquals([claims.sub, claims.r, claims.w], ["ann", ["orders/*"], ["orders/7"]]);
  assertEquals(claims.info, { name: "Ann" });
  assertEquals(claims.exp - claims.iat, 7200);

  const headers = { Authorization: `Bearer ${out.trim()}` };
  const requests: [line: string, status: number][] = [
    ["POST /orders/7", 200],
    ["POST /orders/8", 403],
    ["GET /orders/8", 200],
    ["GET /orders/8/lines", 403],
  ];
  for (const [line, status] of requests) {
    const body = line.startsWith("POST") ? "x" : undefined;
    assertEquals((await ask(service, line, headers, body)).status, status, line);
  }
  assertEquals(JSON.stringify(service.log.lines).includes(out.split(".")[2]!.trim()), false);
});

Deno.test("kodama token without a secret says so", async () => {
  assertEquals(await run(["token", "--read", "**"]), {
    code: 1,
    out: "",
    err: "kodama: token needs --secret or KODAMA_SECRET\n",
  });
});

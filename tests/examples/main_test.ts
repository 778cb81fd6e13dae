import { assertEquals, assertMatch } from "@std/assert";
import { until } from "../tools/command.ts";
import { freePorts } from "../tools/ports.ts";

const cwd = new URL("../..", import.meta.url).pathname;
const readme = Deno.readTextFileSync(`${cwd}examples/README.md`);

function task(...args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "example", ...args],
    ...{ cwd, stdin: "null", stdout: "piped", stderr: "piped" },
  });
}

Deno.test("deno task example starts Kodama, what publishes to it, and the page; a signal ends them all", async () => {
  const [port, kodama] = freePorts(2);
  const child = task("prices", `${port}`, `${kodama}`).spawn();
  const said = new Response(child.stderr).text();
  await until(child.stdout, new RegExp(`The example is at http://127.0.0.1:${port}/`));
  const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  assertMatch(page, new RegExp(`"http://127.0.0.1:${kodama}/-/assets/kodama.js"`));
  const answer = await fetch(`http://127.0.0.1:${port}/../deno.json`);
  await answer.body?.cancel();
  assertEquals(answer.status, 404);
  const events = await fetch(`http://127.0.0.1:${kodama}/prices/btc`, {
    headers: { Accept: "text/event-stream" },
  });
  await until(events.body!, /"ch":"prices\/btc","data":\{"price":\d/);
  await events.body!.cancel();
  child.kill("SIGTERM");
  // The task and all that it started have ended when nobody can write any more.
  await Promise.all([child.stdout.pipeTo(new WritableStream()), said, child.status]);
});

Deno.test("it names the examples that there are, as their page does", async () => {
  const { code, stderr } = await task("nothing").output();
  const told = new TextDecoder().decode(stderr);
  assertEquals([code, told], [
    1,
    "example: there are chat, cursors, hono, log, prices, react, svelte\n",
  ]);
  const listed = [...readme.matchAll(/^\| \[\w+\].*`deno task example (\w+)` *\|$/gm)];
  assertEquals(listed.map(([, name]) => name!).sort().join(", "), told.trimEnd().split("are ")[1]);
  for (const [, name] of listed) assertEquals(readme.includes(`(${name}/picture.png)`), true, name);
});

/**
 * The Autobahn suite's fuzzing client, in its official container, against the server: `deno task autobahn`.
 * It ends with 0 only if every case was run and went as it should.
 */
import manifest from "../../deno.json" with { type: "json" };
import { type Index, summarize } from "./report.ts";

const IMAGE = "crossbario/autobahn-testsuite";
const PORT = "9001";
/** Groups 1 to 7, 9, 10, 12 and 13: fewer cases than this is not the whole suite. */
const LEAST_CASES = 500;

const root = new URL("../..", import.meta.url).pathname;
const spec = new URL("fuzzingclient.json", import.meta.url).pathname;

function notRun(why: string): never {
  console.error(`autobahn: not run: ${why}`);
  Deno.exit(1);
}

/** Whether a Docker engine answers; otherwise why not. */
async function engine(): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command("docker", { args: ["info"] }).output();
    const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1)!;
    return success ? undefined : said || "docker info fails";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "there is no docker here";
    throw error;
  }
}

/** Starts the server and waits until it listens. */
async function startServer(): Promise<Deno.ChildProcess> {
  const limits = ["--max-message", "64MiB", "--max-fragments", "100000", "--max-buffered", "64MiB"];
  const child = new Deno.Command(Deno.execPath(), {
    // As the task `start` runs it.
    args: [...manifest.tasks.start.split(" ").slice(1), "--port", PORT, ...limits],
    cwd: root,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  for await (const chunk of child.stdout.values({ preventCancel: true })) {
    if (new TextDecoder().decode(chunk).includes("listens")) return child;
  }
  notRun(`the server did not start on port ${PORT}`);
}

const why = await engine();
if (why !== undefined) notRun(`no Docker engine answers: ${why}`);

const reports = await Deno.makeTempDir({ prefix: "autobahn-" });
const server = await startServer();
let ran: Deno.CommandStatus;
try {
  ran = await new Deno.Command("docker", {
    args: ["run", "--rm", "--network", "host"]
      .concat([
        "-v",
        `${spec}:/autobahn/fuzzingclient.json:ro`,
        "-v",
        `${reports}:/autobahn/reports`,
      ])
      .concat([IMAGE, "wstest", "-m", "fuzzingclient", "-s", "/autobahn/fuzzingclient.json"]),
    stdin: "null",
  }).spawn().status;
} finally {
  server.kill("SIGTERM");
  await Promise.all([server.status, server.stdout.cancel()]);
}
if (!ran.success) notRun(`the container ended with ${ran.code}`);

let index: Index;
try {
  index = JSON.parse(await Deno.readTextFile(`${reports}/index.json`));
} catch {
  notRun(`it left no index.json in ${reports}`);
}
const { table, failures, cases } = summarize(index);
console.log(table.join("\n"));
console.log(`${cases} cases, ${failures.length} of them not as they should be; see ${reports}`);
for (const failure of failures) console.error(`autobahn: failed: ${failure}`);
if (cases < LEAST_CASES) console.error(`autobahn: failed: only ${cases} cases`);
if (failures.length > 0 || cases < LEAST_CASES) Deno.exit(1);

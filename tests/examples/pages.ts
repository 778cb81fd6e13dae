/**
 * The pages of examples/, on an origin of their own, as `deno task example` serves them.
 * @module
 */
import { build } from "../../examples/build.ts";
import { tokenFor } from "../../examples/chat/token.ts";
import { until } from "../tools/command.ts";
import { type Pages, servePages } from "../tools/pages.ts";
import { type TestService, testService } from "../tools/service.ts";

const folder = new URL("../../examples", import.meta.url).pathname;
/** Where the examples expect Kodama. */
const EXPECTED = "127.0.0.1:9999";

/** An example that can be opened. */
export interface Example extends AsyncDisposable {
  pages: Pages;
  service: TestService;
}

/** Serves an example, and Kodama for it; both end with its scope. */
export async function example(name: string): Promise<Example> {
  const script = await build(name);
  let host = EXPECTED;
  const secret = crypto.randomUUID();
  const pages = servePages((path, query) => {
    if (path === "/token") return tokenFor(query.get("name")!, secret);
    const file = path === "/app.js" && script !== undefined ? script : `${folder}/${name}${path}`;
    try {
      return Deno.readTextFileSync(file).replaceAll(EXPECTED, host);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  });
  const service = await testService(
    ...["--origin", pages.origin],
    ...name === "chat" ? ["--secret", secret] : [],
  );
  host = `127.0.0.1:${service.port}`;
  return {
    pages,
    service,
    async [Symbol.asyncDispose]() {
      await service.shutdown();
      await pages[Symbol.asyncDispose]();
    },
  };
}

/** Starts the example with Hono, on any free port; it ends with its scope. */
export async function startRooms() {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--allow-net", "--allow-env", "hono/main.ts", "0"],
    ...{ cwd: folder, stdin: "null", stdout: "piped", stderr: "inherit" },
  }).spawn();
  const [, url] = await until(child.stdout, /Open (\S+)/);
  return {
    url: url!,
    async [Symbol.asyncDispose]() {
      child.kill();
      await Promise.all([child.status, child.stdout.cancel()]);
    },
  };
}

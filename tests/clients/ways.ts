/**
 * The ways to Kodama: directly, and through nginx and Caddy with the files in `deploy/`.
 * @module
 */
import { kodama, until } from "../tools/command.ts";

const deploy = new URL("../../deploy/", import.meta.url);
/** For a server to answer. */
const START = 20_000;

/** The app that Pusher's libraries are of. */
export const APP = { id: "7", key: "key-of-clients", secret: "secret-of-clients" };

/** A process that is ended with its owner. */
export interface Server extends AsyncDisposable {
  /** Where it listens. */
  port: number;
}

/** Ends a process, and waits until it has. */
async function end(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGTERM");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // It has ended already.
  }
  await child.status;
}

/**
 * Starts Kodama as it runs behind a proxy.
 * @param told Takes each piece of its log.
 * @param more Further flags.
 */
export async function startKodama(
  logLevel = "error",
  told: (text: string) => void = () => {},
  more: readonly string[] = [],
): Promise<Server> {
  const args = [
    "--port",
    "0",
    "--trust-proxy",
    "127.0.0.1",
    "--drain",
    "1s",
    "--log-level",
    logLevel,
    "--pusher",
    Object.values(APP).join(":"),
    ...more,
  ];
  const child = kodama(args).spawn();
  const [, port] = await until(child.stdout, /127\.0\.0\.1:(\d+)/);
  // Nobody else reads what it says, and a full pipe would hold it up.
  const said = [
    child.stdout.pipeTo(new WritableStream()),
    child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write: told })),
  ];
  return {
    port: Number(port),
    async [Symbol.asyncDispose]() {
      await end(child);
      await Promise.all(said);
    },
  };
}

/** A file of `deploy/` with other addresses than those in it. */
export function deployed(name: string, replacements: Record<string, string>): string {
  let text = Deno.readTextFileSync(new URL(name, deploy));
  for (const [from, to] of Object.entries(replacements)) {
    if (!text.includes(from)) throw new Error(`deploy/${name} does not say ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** A proxy: the files it needs, and the command that runs it in their folder. */
interface Proxy {
  needs: string;
  version: [command: string[], where: RegExp];
  files(kodama: string, port: number): Record<string, string>;
  command: string[];
}

/** The proxies by name. */
export const PROXIES: Record<string, Proxy> = {
  nginx: {
    needs: "Debian's nginx",
    version: [["nginx", "-v"], /nginx\/(\S+)/],
    files: (kodama, port) => ({
      "kodama.conf": deployed("nginx.conf", {
        "127.0.0.1:9999": kodama,
        "listen 80;": `listen 127.0.0.1:${port};`,
      }),
      // What Debian's own nginx.conf has around it, in this folder.
      "nginx.conf": [
        "daemon off; pid nginx.pid; error_log stderr error; events {}",
        // For tests: who somebody says to be, as if it came from there.
        "http { set_real_ip_from 127.0.0.1; real_ip_header X-Test-Client;",
        "access_log off; client_body_temp_path body; proxy_temp_path proxy;",
        "fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;",
        "include kodama.conf; }",
      ].join("\n"),
    }),
    command: ["nginx", "-e", "stderr", "-c", "nginx.conf", "-p", "."],
  },
  Caddy: {
    needs: "Debian's caddy",
    version: [["caddy", "version"], /v?(\d\S*)/],
    files: (kodama, port) => ({
      Caddyfile: "{\n\tadmin off\n}\n" + deployed("Caddyfile", {
        "127.0.0.1:9999": kodama,
        "\n:80 {": `\nhttp://127.0.0.1:${port} {`,
      }),
    }),
    command: ["caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
  },
};

/** The version of a proxy, or `undefined` where it is not there. */
export async function proxyVersion(name: string): Promise<string | undefined> {
  const [[file, ...args], where] = PROXIES[name]!.version;
  try {
    const { stdout, stderr } = await new Deno.Command(file!, { args }).output();
    const decoder = new TextDecoder();
    return where.exec(decoder.decode(stdout) + decoder.decode(stderr))?.[1];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/**
 * Starts a proxy, and waits until it hands on.
 * @param to The port that it is in front of, or its files by the port where it listens.
 */
export async function startProxy(
  name: string,
  to: number | ((port: number) => Record<string, string>),
): Promise<Server> {
  const { files, command: [file, ...args] } = PROXIES[name]!;
  const folder = await Deno.makeTempDir({ prefix: `kodama-${name}-` });
  // nginx's workers are somebody else.
  await Deno.chmod(folder, 0o755);
  const port = freePort();
  const written = typeof to === "number" ? files(`127.0.0.1:${to}`, port) : to(port);
  for (const [path, text] of Object.entries(written)) {
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = new Deno.Command(file!, { args, cwd: folder, env, stdin: "null", stderr: "piped" })
    .spawn();
  let said = "";
  const reading = child.stderr.pipeThrough(new TextDecoderStream()).pipeTo(
    new WritableStream({ write: (text) => void (said = (said + text).slice(-2000)) }),
  );
  let ended = false;
  child.status.then(() => ended = true);
  const server: Server = {
    port,
    async [Symbol.asyncDispose]() {
      await end(child);
      await reading;
      await Deno.remove(folder, { recursive: true });
    },
  };
  // Nobody says when it is ready, so it is asked again and again.
  for (const began = performance.now(); !await isHealthy(port);) {
    if (ended || performance.now() - began > START) {
      await server[Symbol.asyncDispose]();
      throw new Error(`${name} does not hand on: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return server;
}

async function isHealthy(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/-/health`);
    await answer.body?.cancel();
    return answer.ok;
  } catch (error) {
    if (error instanceof TypeError) return false; // Nobody listens yet.
    throw error;
  }
}

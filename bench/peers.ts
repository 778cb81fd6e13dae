/**
 * Who is compared, and how each is started.
 * @module
 */

/** The servers, in the order in which they take their turns. */
export const PEERS = ["kodama", "deno", "ws", "bun", "bun-send", "tcp"] as const;
/** Kodama as a service and in a program, and what else a program would take. */
export const LIBRARIES = ["kodama", "library", "deno", "bun"] as const;
/**
 * Kodama with one thread that serves and with two, in memory and on the disk; Redis, which syncs before it answers, too;
 * and the disk by itself, which is no server.
 */
export const ENGINES = ["kodama", "kodama-2", "sqlite", "sqlite-2", "redis", "disk"] as const;
/** One of them, or another checkout of Kodama. */
export type Peer =
  | typeof PEERS[number]
  | typeof LIBRARIES[number]
  | typeof ENGINES[number]
  | "before";
/** One that is a program. */
export type Program = Exclude<Peer, "before" | "disk">;

/** The versions that are compared. */
export const VERSIONS = { ws: "8.23.0", bun: "1.4.5" };

/** Where the peers that are npm packages are. */
const modules = () =>
  `${Deno.env.get("TMPDIR") ?? "/tmp"}/kodama-bench-${VERSIONS.ws}-${VERSIONS.bun}`;
const arch = Deno.build.arch === "aarch64" ? "aarch64" : "x64";
const bunPackage = `@oven/bun-${Deno.build.os}-${arch}`;
const here = (path: string) => new URL(path, import.meta.url).pathname;
/** This checkout. */
export const CHECKOUT = here(".").replace(/\/[^/]*\/$/, "");

/** Installs the peers that are npm packages, into a temporary folder, unless they are there. */
export async function install(): Promise<void> {
  try {
    await Deno.stat(`${modules()}/node_modules/${bunPackage}/bin/bun`);
    await Deno.stat(`${modules()}/node_modules/ws`);
    return;
  } catch { /* not there yet */ }
  await Deno.mkdir(modules(), { recursive: true });
  const { success, stderr } = await new Deno.Command("npm", {
    // The package `bun` downloads this one when it is installed; here no script runs.
    args: [
      ...["install", "--no-save", "--ignore-scripts", "--prefix", modules()],
      ...[`ws@${VERSIONS.ws}`, `${bunPackage}@${VERSIONS.bun}`],
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Kodama as it is shipped: what `deno task start` runs in a checkout. */
function kodama(checkout: string): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${checkout}/deno.json`));
  const [, run, ...flags] = (tasks.start as string).split(" ");
  const main = flags.pop();
  const own = flags.map((flag) => flag === "--lock" ? `--lock=${checkout}/deno.lock` : flag);
  return [
    ...[Deno.execPath(), run!, `--config=${checkout}/deno.json`, ...own],
    ...[`${checkout}/${main}`, "--port", "0"],
  ];
}

let made: Promise<{ cert: string; key: string }> | undefined;

/** A certificate and its key, made by OpenSSL, which the load needs anyway. */
async function certificate(): Promise<{ cert: string; key: string }> {
  const dir = `${modules()}-tls`;
  const files = { cert: `${dir}/cert.pem`, key: `${dir}/key.pem` };
  await Deno.mkdir(dir, { recursive: true });
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [
      ...["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
      ...["-keyout", files.key, "-out", files.cert],
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return files;
}

/** What has a server speak TLS. */
export async function secureCommand(peer: Program, command: string[]): Promise<string[]> {
  const { cert, key } = await (made ??= certificate());
  if (peer !== "kodama") return [...command, cert, key];
  const [program, run, ...rest] = command;
  return [program!, run!, `--allow-read=${cert},${key}`, ...rest, "--cert", cert, "--key", key];
}

/** A port that nobody uses. */
function freePort(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return String(listener.addr.port);
}

/** What Deno's own server runs. */
const DENO = { socket: "deno_native", publish: "deno_http", fetch: "deno_fetch" };

/**
 * The command line of a server.
 * @param folder Where its files are, where it has any.
 * @param checkout Which Kodama.
 * @param http Where it has nothing to do but answer requests: what is asked of it.
 */
export function commandOf(
  peer: Program,
  folder: string,
  checkout: string,
  http?: "publish" | "fetch",
): string[] {
  const deno = [Deno.execPath(), "run", "-q", "--no-prompt"];
  switch (peer) {
    case "kodama":
      return kodama(checkout);
    case "kodama-2":
      return [...kodama(checkout), "--workers", "2"];
    case "sqlite":
      return [...kodama(checkout), "--engine", `sqlite:${folder}/log.db`];
    case "sqlite-2":
      return [...commandOf("sqlite", folder, checkout), "--workers", "2"];
    case "redis":
      return [
        ...["redis-server", "--bind", "127.0.0.1", "--port", freePort(), "--dir", folder],
        ...["--save", "", "--appendonly", "yes", "--appendfsync", "always"],
      ];
    case "deno":
      return [
        ...deno,
        "--allow-net",
        "--allow-read",
        here(`peers/${DENO[http ?? "socket"]}.ts`),
      ];
    case "library":
      return [
        ...[Deno.execPath(), "run", "-q", "--no-prompt", `--config=${checkout}/deno.json`],
        ...[`--lock=${checkout}/deno.lock`, "--frozen", "--v8-flags=--max-semi-space-size=4"],
        ...["--allow-net", "--allow-read", `${checkout}/bench/peers/library.ts`],
      ];
    case "tcp":
      return [...deno, "--allow-net", here(`peers/${http ? "tcp_http" : "tcp"}.ts`)];
    case "ws":
      return ["node", here("peers/ws_node.mjs"), modules()];
    case "bun":
    case "bun-send":
      return [
        `${modules()}/node_modules/${bunPackage}/bin/bun`,
        here("peers/bun.ts"),
        peer === "bun" ? "publish" : "send",
      ];
  }
}

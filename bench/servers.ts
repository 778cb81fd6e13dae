/**
 * The servers that are compared, each started as a process of its own.
 * @module
 */

/** The servers, in the order in which they take their turns. */
export const PEERS = ["kodama", "deno", "ws", "bun", "bun-send", "tcp"] as const;
/** One of them, or another checkout of Kodama. */
export type Peer = typeof PEERS[number] | "before";

/** The versions that are compared. */
export const VERSIONS = { ws: "8.23.0", bun: "1.4.5" };

/** A server that runs; it ends with its scope. */
export interface RunningServer extends AsyncDisposable {
  /** Its port on 127.0.0.1. */
  port: number;
  /** Its process. */
  pid: number;
}

/** Where the peers that are npm packages are. */
const folder = () =>
  `${Deno.env.get("TMPDIR") ?? "/tmp"}/kodama-bench-${VERSIONS.ws}-${VERSIONS.bun}`;
const arch = Deno.build.arch === "aarch64" ? "aarch64" : "x64";
const bunPackage = `@oven/bun-${Deno.build.os}-${arch}`;
const here = (path: string) => new URL(path, import.meta.url).pathname;

/** Installs the peers that are npm packages, into a temporary folder, unless they are there. */
async function install(): Promise<void> {
  try {
    await Deno.stat(`${folder()}/node_modules/${bunPackage}/bin/bun`);
    await Deno.stat(`${folder()}/node_modules/ws`);
    return;
  } catch { /* not there yet */ }
  await Deno.mkdir(folder(), { recursive: true });
  const { success, stderr } = await new Deno.Command("npm", {
    // The package `bun` downloads this one when it is installed; here no script runs.
    args: [
      ...["install", "--no-save", "--ignore-scripts", "--prefix", folder()],
      ...[`ws@${VERSIONS.ws}`, `${bunPackage}@${VERSIONS.bun}`],
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** Kodama as it is shipped: what `deno task start` runs. */
function kodama(folder: string): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${folder}/deno.json`));
  const [, run, ...flags] = (tasks.start as string).split(" ");
  const main = flags.pop();
  const own = flags.map((flag) => flag === "--lock" ? `--lock=${folder}/deno.lock` : flag);
  return [
    ...[Deno.execPath(), run!, `--config=${folder}/deno.json`, ...own],
    ...[`${folder}/${main}`, "--port", "0"],
  ];
}

let made: Promise<{ cert: string; key: string }> | undefined;

/** A certificate and its key, made by OpenSSL, which the load needs anyway. */
async function certificate(): Promise<{ cert: string; key: string }> {
  const dir = `${folder()}-tls`;
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
async function secureCommand(peer: Peer, command: string[]): Promise<string[]> {
  const { cert, key } = await (made ??= certificate());
  if (peer !== "kodama" && peer !== "before") return [...command, cert, key];
  const [program, run, ...rest] = command;
  return [program!, run!, `--allow-read=${cert},${key}`, ...rest, "--cert", cert, "--key", key];
}

/**
 * The command line of a server.
 * @param before The folder of another checkout of Kodama.
 */
export function commandOf(peer: Peer, before = ""): string[] {
  const deno = [Deno.execPath(), "run", "-q", "--no-prompt"];
  switch (peer) {
    case "kodama":
    case "before":
      return kodama(peer === "before" ? before : here(".."));
    case "deno":
      return [...deno, "--allow-net", "--allow-read", here("peers/deno_native.ts")];
    case "tcp":
      return [...deno, "--allow-net", here("peers/tcp.ts")];
    case "ws":
      return ["node", here("peers/ws_node.mjs"), folder()];
    case "bun":
    case "bun-send":
      return [
        `${folder()}/node_modules/${bunPackage}/bin/bun`,
        here("peers/bun.ts"),
        peer === "bun" ? "publish" : "send",
      ];
  }
}

/** Starts a server on a free port. */
export async function startPeer(
  peer: Peer,
  before?: string,
  flags: string[] = [],
  tls = false,
): Promise<RunningServer> {
  if (peer === "ws" || peer.startsWith("bun")) await install();
  const command = commandOf(peer, before);
  const [program, ...args] = [...tls ? await secureCommand(peer, command) : command, ...flags];
  const child = new Deno.Command(program!, {
    args,
    cwd: here(".."),
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let text = "";
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${peer} did not start: ${text}`);
    const port = /:(\d+)\/\s/.exec(text += value)?.[1];
    if (port === undefined) continue;
    return {
      port: Number(port),
      pid: child.pid,
      async [Symbol.asyncDispose]() {
        child.kill("SIGKILL");
        await child.status;
        await reader.cancel();
      },
    };
  }
}

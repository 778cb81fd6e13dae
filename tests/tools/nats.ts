/**
 * NATS servers, as child processes: on free ports, each with a folder of its own, ended by their number.
 * @module
 */
import { jetstreamManager } from "@nats-io/jetstream";
import { freePorts } from "./ports.ts";
import { connect } from "../../lib/engine/nats/transport.ts";

/** Where the server's program is; `undefined`: nowhere, so what needs it is ignored. */
export const natsServer: string | undefined = findServer();

function findServer(): string | undefined {
  const named = Deno.env.get("NATS_SERVER");
  const folders = [
    ...(Deno.env.get("PATH") ?? "").split(":"),
    `${Deno.env.get("GOPATH") ?? `${Deno.env.get("HOME")}/go`}/bin`,
  ];
  const candidates = named ? [named] : folders.map((folder) => `${folder}/nats-server`);
  return candidates.find((file) => {
    try {
      return Deno.statSync(file).isFile;
    } catch {
      return false;
    }
  });
}

/** A server. */
export interface NatsServer {
  /** Its name within a cluster. */
  name: string;
  /** Where clients connect. */
  port: number;
  /** `nats://…`. */
  url: string;
  /** Where it writes. */
  folder: string;
  /** Ends it at once, as a power cut would; what it wrote stays. */
  kill(): Promise<void>;
  /** Starts it again where it was, with what it wrote. */
  start(): Promise<void>;
  /** What it has said. */
  said(): string;
}

/** Servers under test; they end with their scope. */
export interface NatsServers extends AsyncDisposable {
  servers: NatsServer[];
  /** For `--engine`. */
  engine: string;
}

/**
 * Starts servers; several are a cluster.
 * @param config Added to each server's configuration.
 */
export async function natsServers(count: number, config = ""): Promise<NatsServers> {
  const folder = await Deno.makeTempDir({ prefix: "nats-" });
  const ports = freePorts(count), routes = freePorts(count);
  const children = new Map<number, Deno.ChildProcess>();

  function server(index: number): NatsServer {
    const name = `n${index}`, port = ports[index]!, log = `${folder}/${name}.log`;
    const cluster = count === 1 ? "" : `cluster {
      name: kodama, listen: "127.0.0.1:${routes[index]}"
      routes: [${routes.map((route) => `"nats://127.0.0.1:${route}"`).join(", ")}]
    }`;
    const made: NatsServer = {
      name,
      port,
      url: `nats://127.0.0.1:${port}`,
      folder: `${folder}/${name}`,
      async kill() {
        const child = children.get(index);
        children.delete(index);
        child?.kill("SIGKILL");
        await child?.status;
      },
      async start() {
        const file = `${folder}/${name}.conf`;
        await Deno.writeTextFile(
          file,
          `server_name: ${name}, listen: "127.0.0.1:${port}", log_file: "${log}"
           jetstream { store_dir: "${folder}/${name}", max_memory_store: 64MB, max_file_store: 4GB }
           ${cluster}
           ${config}`,
        );
        const child = new Deno.Command(natsServer!, {
          args: ["-c", file],
          stdin: "null",
          stdout: "null",
          stderr: "null",
        }).spawn();
        children.set(index, child);
        await accepts(port);
      },
      said: () => Deno.readTextFileSync(log),
    };
    return made;
  }

  const servers = Array.from({ length: count }, (_, i) => server(i));
  const all: NatsServers = {
    servers,
    engine: `nats://${ports.map((port) => `127.0.0.1:${port}`).join(",")}`,
    async [Symbol.asyncDispose]() {
      await Promise.all(servers.map((each) => each.kill()));
      await Deno.remove(folder, { recursive: true });
    },
  };
  await Promise.all(servers.map((each) => each.start()));
  if (count > 1) await quorum(servers[0]!.url, count);
  return all;
}

/** Waits until a port accepts; there is no event for that, so it is tried again and again. */
async function accepts(port: number): Promise<void> {
  await soon(`a server on port ${port}`, async () => {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    try {
      return await conn.read(new Uint8Array(1)) === 1;
    } finally {
      conn.close();
    }
  });
}

/** Waits until a cluster can keep a stream on all of its servers. */
async function quorum(servers: string, replicas: number): Promise<void> {
  await administer(servers, async (jsm) => {
    await soon("a cluster", async () => {
      await jsm.streams.add({ name: "probe", subjects: ["probe"], num_replicas: replicas });
      return await jsm.streams.delete("probe");
    });
  });
}

/** Does something as an administrator. */
export async function administer<T>(
  servers: string,
  what: (jsm: Awaited<ReturnType<typeof jetstreamManager>>) => Promise<T>,
): Promise<T> {
  const nc = await connect({ servers: servers.replace("nats://", "").split(",") });
  try {
    return await what(await jetstreamManager(nc, { checkAPI: false, timeout: 2000 }));
  } finally {
    await nc.close();
  }
}

/** Tries something again and again until it is so. */
export async function soon(
  what: string,
  is: () => Promise<boolean>,
  ms = 20_000,
): Promise<void> {
  const began = performance.now();
  for (let why: unknown;; await new Promise((resolve) => setTimeout(resolve, 50))) {
    try {
      if (await is()) return;
    } catch (error) {
      why = error;
    }
    if (performance.now() - began > ms) throw new Error(`no ${what} in ${ms} ms`, { cause: why });
  }
}

/** A test that needs servers; where their program is not to be had, it is ignored, and listed as such. */
export function natsTest(name: string, run: () => Promise<void>): void {
  Deno.test({ name, ignore: natsServer === undefined, fn: run });
}

/**
 * Pebble, the test server of Let's Encrypt, with its own DNS: every name leads to this machine, but for those that are
 * told to lead nowhere.
 */
import { join } from "node:path";
import { CA, makePair } from "../tools/certificates.ts";
import { freePorts } from "../tools/ports.ts";

/** What Pebble is to be like. */
export interface PebbleOptions {
  /** The port that it thinks is 80. */
  httpPort: number;
  /** For how long its certificates are good, in s. */
  validity?: number;
  /** How many good nonces of a hundred it refuses. */
  nonceReject?: number;
}

/** Pebble, as long as its scope lasts. */
export interface Pebble extends AsyncDisposable {
  /** The URL of its directory. */
  directory: string;
  /** The file of the authority that its own certificate is from, for `DENO_CERT`. */
  ca: string;
  /** The certificate of its root (PEM): who trusts it trusts what it issues. */
  root(): Promise<string>;
  /** Lets a name lead nowhere. */
  forget(name: string): Promise<void>;
  /** Lets it lead to this machine again. */
  remember(name: string): Promise<void>;
  /** Ends it, and begins it anew at the same port: it has forgotten everything. */
  restart(): Promise<void>;
  /** Ends it. */
  stop(): Promise<void>;
}

async function has(program: string): Promise<boolean> {
  try {
    await new Deno.Command(program, { args: ["-h"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Whether both programs are here. */
export const pebbleIsHere: boolean = await has("pebble") && await has("pebble-challtestsrv");

interface Child {
  process: Deno.ChildProcess;
  said: Promise<string>;
}

/** Starts a program, and waits until it answers. */
async function start(
  program: string,
  args: string[],
  env: Record<string, string>,
  port: number,
): Promise<Child> {
  const process = new Deno.Command(program, { args, env, stdout: "piped", stderr: "null" }).spawn();
  const said = new Response(process.stdout).text();
  let ended = false;
  process.status.then(() => ended = true);
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return { process, said };
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
    if (ended) throw new Error(`${program} has ended: ${await said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function end({ process, said }: Child): Promise<void> {
  process.kill("SIGTERM");
  await process.status;
  await said;
}

/** Starts Pebble. */
export async function startPebble(options: PebbleOptions): Promise<Pebble> {
  const folder = await Deno.makeTempDir();
  const file = async (name: string, text: string) => {
    await Deno.writeTextFile(join(folder, name), text);
    return join(folder, name);
  };
  const [port, management, dns, names] = freePorts(4) as [number, number, number, number];
  const { cert, key } = await makePair();
  const config = await file(
    "pebble.json",
    JSON.stringify({
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${management}`,
        certificate: await file("cert.pem", cert),
        privateKey: await file("key.pem", key),
        httpPort: options.httpPort,
        tlsPort: 1,
        certificateValidityPeriod: options.validity,
        profiles: options.validity && {
          default: { description: "short", validityPeriod: options.validity },
        },
      },
    }),
  );
  const ca = await file("ca.pem", CA);
  const client = Deno.createHttpClient({ caCerts: [CA] });
  const flags = await resolverFlags(dns, names);
  const resolver = await start("pebble-challtestsrv", flags, {}, names);
  const pebble = () =>
    start("pebble", ["-strict", "-config", config, "-dnsserver", `127.0.0.1:${dns}`], {
      PEBBLE_VA_NOSLEEP: "1",
      PEBBLE_VA_ALWAYS_VALID: "0",
      PEBBLE_WFE_NONCEREJECT: String(options.nonceReject ?? 5),
    }, port);
  let running: Child | undefined = await pebble();
  const stop = async () => {
    if (running !== undefined) await end(running);
    running = undefined;
  };
  return {
    directory: `https://127.0.0.1:${port}/dir`,
    ca,
    async root() {
      return await (await fetch(`https://127.0.0.1:${management}/roots/0`, { client })).text();
    },
    forget: (name) => tell(`http://127.0.0.1:${names}/set-servfail`, { host: `${name}.` }),
    remember: (name) => tell(`http://127.0.0.1:${names}/clear-servfail`, { host: `${name}.` }),
    async restart() {
      await stop();
      running = await pebble();
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await end(resolver);
      client.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function tell(url: string, body: unknown): Promise<void> {
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
}

/** Its flags: the two that newer ones have under another name, or have besides. */
async function resolverFlags(dns: number, management: number): Promise<string[]> {
  const { stderr } = await new Deno.Command("pebble-challtestsrv", { args: ["-h"] }).output();
  const help = new TextDecoder().decode(stderr);
  const off = ["-http01", "-https01", "-tlsalpn01", ...help.includes("-doh ") ? ["-doh"] : []];
  return [
    ...["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""],
    ...[help.includes("-dnsserver") ? "-dnsserver" : "-dns01", `127.0.0.1:${dns}`],
    ...["-management", `127.0.0.1:${management}`],
    ...off.flatMap((flag) => [flag, ""]),
  ];
}

/**
 * Certificates by ACME from Pebble, the test server of Let's Encrypt, with one command: `apt-get install pebble`, or `go install`
 * of its module, makes these tests run.
 */
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { connect as connectTls } from "node:tls";
import manifest from "../../deno.json" with { type: "json" };
import { RawClient, textOf } from "../tools/raw.ts";
import { utf8 } from "../tools/bytes.ts";
import { clientFrame } from "../tools/frames.ts";
import { HANDSHAKE } from "../tools/websocket.ts";
import { type Pebble, pebbleIsHere, startPebble } from "./pebble.ts";
import { lineFault } from "../tools/lines.ts";
import { freePorts } from "../tools/ports.ts";

const NAME = "kodama.test";
const root = new URL("../..", import.meta.url).pathname;

/** A line of the log. */
type Line = Record<string, string> & { message: string };

/** A server with a certificate by ACME, as a child. */
class Server implements AsyncDisposable {
  readonly lines: Line[] = [];
  /** What is wrong with lines, by the table of them. */
  readonly faults: string[] = [];
  readonly said: Promise<string>;
  readonly ended: Promise<void>;
  readonly #child: Deno.ChildProcess;
  #look: () => void = () => {};

  constructor(pebble: Pebble, ports: readonly number[], data: string, ...flags: string[]) {
    const [http, https] = ports;
    // As `deno task start`, with a folder elsewhere.
    const task = manifest.tasks.start.split(" ").slice(1, -1);
    const read = [...manifest.permissions.serve.read, data].join();
    const args = [...task, `--allow-read=${read}`, `--allow-write=${data}`, "main.ts"];
    if (!flags.includes("--host")) args.push("--host", NAME);
    args.push("--acme", "me@kodama.test", "--port", `${https}`, "--http-port", `${http}`);
    args.push("--data", data, "--acme-directory", pebble.directory, "--log-format", "json");
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [...args, ...flags],
      cwd: root,
      env: { DENO_CERT: pebble.ca },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.said = new Response(this.#child.stdout).text();
    this.ended = this.#read();
  }

  /** The nth line that says so, said or still to be said. */
  async line(message: string, nth = 1): Promise<Line> {
    for (;;) {
      const found = this.lines.filter((line) => line.message === message)[nth - 1];
      if (found !== undefined) return found;
      const more = await Promise.race([
        new Promise<true>((resolve) => this.#look = () => resolve(true)),
        this.ended,
      ]);
      if (!more) throw new Error(`ended without "${message}": ${JSON.stringify(this.lines)}`);
    }
  }

  /** How often a line was said. */
  count(message: string): number {
    return this.lines.filter((line) => line.message === message).length;
  }

  /** Asks it to try again at once. */
  hurry(): void {
    this.#child.kill("SIGHUP");
  }

  /** Asks it to end. */
  async end(): Promise<number> {
    this.#child.kill("SIGTERM");
    const { code } = await this.#child.status;
    await Promise.all([this.said, this.ended]);
    assertEquals(this.faults, []);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { code } = await Promise.race([this.#child.status, { code: undefined }]);
    if (code === undefined) await this.end();
  }

  async #read(): Promise<void> {
    let text = "";
    for await (const chunk of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const parts = (text + chunk).split("\n");
      text = parts.pop()!;
      for (const part of parts) {
        // What is no line of the log is Deno's own: it is shown where a test fails.
        const line: Line = part.startsWith("{") ? JSON.parse(part) : { message: part };
        this.lines.push(line);
        const { time: _, level, message, ...fields } = line;
        const fault = level && lineFault(level, message, fields);
        if (fault) this.faults.push(fault);
      }
      this.#look();
    }
  }
}

async function temporary() {
  const path = await Deno.makeTempDir();
  return {
    path,
    data: `${path}/kodama`,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** A client that trusts Pebble's root and nothing else. */
async function client(port: number, ca: string, name = NAME): Promise<RawClient> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const secure = await Deno.startTls(conn, { hostname: name, caCerts: [ca] });
  await secure.handshake();
  return new RawClient(secure);
}

/** Opens the echo by wss. */
async function echo(port: number, ca: string): Promise<RawClient> {
  const raw = await client(port, ca);
  await raw.send(
    HANDSHAKE.replace("/chat", "/-/echo").replace("server.example.com", `${NAME}:${port}`),
  );
  await raw.until((bytes) => textOf(bytes).includes("\r\n\r\n"));
  assertMatch(textOf(raw.take(raw.received.length)), /^HTTP\/1\.1 101 /);
  return raw;
}

/** Sends a text, and waits for it to come back. */
async function alive(raw: RawClient, text: string): Promise<void> {
  await raw.send(clientFrame(0x81, utf8(text)));
  await raw.until((bytes) => textOf(bytes).includes(text));
  assertEquals(raw.ended, undefined);
}

/** The certificate that who comes now is shown. */
function shown(port: number, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port, servername: NAME, ca }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

function pebbleTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name} (needs pebble)`, ignore: !pebbleIsHere, fn });
}

pebbleTest(
  "from nothing to wss in one command, where half of all nonces are refused; after a restart all of it is used again",
  async () => {
    await using folder = await temporary();
    const { data } = folder;
    const ports = freePorts(2) as [number, number];
    await using pebble = await startPebble({ httpPort: ports[0], nonceReject: 50 });
    const ca = await pebble.root();
    let first: string;
    {
      await using server = new Server(pebble, ports, data, "--host", NAME, "--host", `www.${NAME}`);
      assertEquals((await server.line("started")).tls, "acme");
      using raw = await echo(ports[1], ca);
      await alive(raw, "from nothing");
      using other = await client(ports[1], ca, `www.${NAME}`);
      first = await shown(ports[1], ca);
      assertEquals(await server.end(), 0);
      assertMatch(await server.said, new RegExp(`Open https://${NAME}:${ports[1]}/ `));
      assertEquals([raw.ended, other.ended], [undefined, undefined]);
    }
    const [inside] = Array.from(Deno.readDirSync(`${data}/acme`), ({ name }) => name);
    for (
      const [name, mode] of [["", 0o700], ["/account.json", 0o600], ["/certificate.pem", 0o600]]
    ) {
      assertEquals(Deno.statSync(`${data}/acme/${inside}${name}`).mode! & 0o777, mode);
    }
    // A directory that is down is no reason to have no certificate.
    await pebble.stop();
    await using server = new Server(pebble, ports, data);
    await server.line("started");
    assertEquals(await shown(ports[1], ca), first);
    assertEquals([server.count("certificate read"), server.count("asking for a certificate")], [
      1,
      0,
    ]);
  },
);

pebbleTest(
  "a renewal drops none of 100 connections, on two threads; who comes afterwards gets the new certificate from both",
  async () => {
    await using folder = await temporary();
    const ports = freePorts(2) as [number, number];
    await using pebble = await startPebble({ httpPort: ports[0], validity: 21 });
    const ca = await pebble.root();
    await using server = new Server(pebble, ports, folder.data, "--workers", "2");
    await server.line("started");
    const first = await shown(ports[1], ca);
    const clients = await Promise.all(Array.from({ length: 100 }, () => echo(ports[1], ca)));
    assertEquals(server.count("certificate received"), 1);
    await server.line("certificate received", 2);
    // Both threads hear of it a moment later.
    let now: Set<string>;
    do {
      now = new Set(await Promise.all(Array.from({ length: 16 }, () => shown(ports[1], ca))));
    } while (now.has(first));
    assertEquals(now.size, 1);
    for (const raw of clients) {
      await alive(raw, "still here");
      raw.close();
    }
    assertEquals(server.lines.filter(({ level }) => level !== "info"), []);
  },
);

pebbleTest(
  "a wrong name is one line that says which, and no loop; meanwhile plain HTTP says 503, and SIGTERM ends it with 0",
  async () => {
    await using folder = await temporary();
    const ports = freePorts(2) as [number, number];
    await using pebble = await startPebble({ httpPort: ports[0] });
    await pebble.forget("wrong.test");
    const names = ["--host", NAME, "--host", "wrong.test"];
    await using server = new Server(pebble, ports, folder.data, ...names);
    const line = await server.line("no certificate yet");
    assertMatch(
      line.why!,
      /^wrong\.test: (dns|connection): .*\(do its A and AAAA records lead to this machine\b.*\)$/,
    );
    assert(Date.parse(line.again!) - Date.parse(line.time!) > 299_000);
    using raw = new RawClient(await Deno.connect({ hostname: "127.0.0.1", port: ports[0] }));
    await raw.send(`GET / HTTP/1.1\r\nHost: ${NAME}\r\nConnection: close\r\n\r\n`);
    assertMatch(textOf(await raw.readAll()), /^HTTP\/1\.1 503 .*https is not ready yet\n$/s);
    assertEquals(await server.end(), 0);
    assertEquals(await server.said, "");
    assertEquals(server.count("no certificate yet"), 1);
  },
);

pebbleTest(
  "a directory that is down at first is asked again; one that has forgotten the account has it made anew; SIGHUP tries again at once, also before there is a certificate",
  async () => {
    await using folder = await temporary();
    const ports = freePorts(2) as [number, number];
    await using pebble = await startPebble({ httpPort: ports[0] });
    await pebble.stop();
    {
      await using server = new Server(pebble, ports, folder.data);
      const line = await server.line("no certificate yet");
      assertMatch(line.why!, /^127\.0\.0\.1:\d+ cannot be reached: .*Connection refused/);
      await pebble.restart();
      // Nothing serves yet that SIGHUP could have read anything again.
      server.hurry();
      assertLess((await server.line("certificate received")).time!, line.again!);
      await server.line("started");
      assertEquals(await server.end(), 0);
    }
    await pebble.restart();
    await pebble.forget("other.test");
    const names = ["--host", NAME, "--host", "other.test"];
    await using server = new Server(pebble, ports, folder.data, ...names);
    const { level, why, again } = await server.line("certificate not renewed");
    assertMatch(`${level} ${why}`, /^warning other\.test: /);
    await pebble.remember("other.test");
    await server.line("started");
    server.hurry();
    const received = await server.line("certificate received");
    assertEquals(received.names, `${NAME},other.test`);
    assertLess(received.time!, again!);
  },
);

/**
 * The service over TLS and on a Unix socket: its certificate and when it changes, who is local, and clients of others.
 */
import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import WebSocket from "ws";
import type { KeyPair } from "../../lib/net/certificate.ts";
import { ListenError } from "../../lib/net/conn.ts";
import { ask, post } from "../tools/channels.ts";
import { CA, makePair, replaceFile, writePair } from "../tools/certificates.ts";
import { kodama, run, until } from "../tools/command.ts";
import { Crashes } from "../tools/crash.ts";
import { within } from "../tools/raw.ts";
import { scrape } from "../tools/scrape.ts";
import { testService, testThreads } from "../tools/service.ts";
import { go } from "../tools/way.ts";

const LATER = Math.ceil(Date.now() / 1000 + 7 * 86_400) * 1000;
const [first, second] = await Promise.all([makePair(), makePair({ expires: LATER })]);

/** The serial number of a pair's certificate. */
function serialOf({ cert }: KeyPair): string {
  return new X509Certificate(cert).serialNumber;
}

/** The serial number of the certificate that a service shows, seen by a connection of its own. */
async function shown(port: number): Promise<string> {
  const socket = await dial(port);
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

function dial(port: number): Promise<tls.TLSSocket> {
  const socket = tls.connect({ host: "127.0.0.1", port, servername: "localhost", ca: CA });
  const shaken = new Promise<tls.TLSSocket>((resolve, reject) => {
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
  return within(5000, "shaking hands", shaken);
}

/** A subscriber that `ws` opens over TLS, and what it gets. */
async function openWs(url: string): Promise<{ ws: WebSocket; next(): Promise<string> }> {
  const ws = new WebSocket(url, { ca: CA });
  const waiting: ((text: string) => void)[] = [], texts: string[] = [];
  ws.on("message", (data: Uint8Array) => {
    const text = new TextDecoder().decode(data);
    const take = waiting.shift();
    if (take === undefined) texts.push(text);
    else take(text);
  });
  await within(
    5000,
    "the handshake",
    new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject)),
  );
  return {
    ws,
    next: () =>
      within(
        5000,
        "a message",
        new Promise((r) => texts.length > 0 ? r(texts.shift()!) : waiting.push(r)),
      ),
  };
}

for (const workers of ["1", "2"]) {
  Deno.test(`a new pair of files is taken by new connections, while a hundred open ones go on [${workers} workers]`, async () => {
    using files = writePair(first);
    await using service = await testService(...files.flags, "--workers", workers);
    const base = `wss://localhost:${service.port}`;
    assertEquals(await shown(service.port), serialOf(first));
    const open = await Promise.all(Array.from({ length: 100 }, () => openWs(`${base}/news`)));
    // The key comes later than the certificate: until then they do not fit, and nothing is said of it.
    const lines = service.log.lines.length;
    replaceFile(files.cert, second.cert);
    replaceFile(files.key, second.key);
    const line = await within(
      8000,
      "the line",
      service.log.line((l) => service.log.lines.indexOf(l) >= lines && l.message === "certificate"),
    );
    assertEquals([line.level, line.fields.names], ["info", "localhost, 127.0.0.1"]);
    for (let i = 0; i < 6; i++) assertEquals(await shown(service.port), serialOf(second));
    const { ws } = await openWs(`${base}/news`);
    const published = new Promise((resolve) => ws.once("message", resolve));
    await go(true, async () => {
      assertEquals((await post(service, "news", "to all")).subscribers, 101);
      const found = await scrape(service);
      assertEquals(found.value("kodama_certificate_expiry_timestamp_seconds") * 1000, LATER);
    });
    await published;
    for (const { next } of open) assertEquals(await next(), "to all");
    const closed = [...open.map(({ ws }) => ws), ws].map((ws) =>
      new Promise((resolve) => {
        ws.once("close", resolve);
        ws.close();
      })
    );
    await Promise.all(closed);
  });
}

Deno.test("a pair that does not fit keeps the one before it, in one line; SIGHUP says so at once", async () => {
  using files = writePair(first);
  await using service = await testService(...files.flags);
  const told = () => service.log.lines.filter(({ level }) => level === "error");
  Deno.writeTextFileSync(files.key, second.key);
  await service.reload();
  const [line, ...more] = told();
  assertEquals([line?.message, more.length], ["the certificate stays as it was", 0]);
  assertMatch(`${line?.fields.error}`, /cert\.pem and .*key\.pem .*not that of the certificate$/);
  assertEquals(await shown(service.port), serialOf(first));
  Deno.removeSync(files.cert);
  await service.reload();
  assertMatch(`${told()[1]?.fields.error}`, /cert\.pem: there is no such file$/);
  assertEquals(await shown(service.port), serialOf(first));
  Deno.writeTextFileSync(files.cert, second.cert);
  await service.reload();
  assertEquals(await shown(service.port), serialOf(second));
  assertEquals(told().length, 2);
});

Deno.test({
  name: "a pair is taken whose files are links, also where another link leads to another folder",
  ignore: Deno.build.os === "windows",
  async fn() {
    // As Kubernetes and Certbot keep them: the files are links, through a folder that is one.
    using folder = writePair(first);
    const [one, two] = ["one", "two"].map((name) => `${folder.folder}/${name}`);
    for (const [path, pair] of [[one!, first], [two!, second]] as const) {
      Deno.mkdirSync(path);
      writePair(pair, path);
    }
    Deno.symlinkSync(one!, `${folder.folder}/now`);
    const live = ["cert.pem", "key.pem"].map((name) => {
      Deno.symlinkSync(`now/${name}`, `${folder.folder}/live-${name}`);
      return `${folder.folder}/live-${name}`;
    });
    await using service = await testService("--cert", live[0]!, "--key", live[1]!);
    const lines = service.log.lines.length;
    Deno.symlinkSync(two!, `${folder.folder}/next`);
    Deno.renameSync(`${folder.folder}/next`, `${folder.folder}/now`);
    const line = await within(
      8000,
      "the line",
      service.log.line((l) => service.log.lines.indexOf(l) >= lines),
    );
    assertEquals(line.message, "certificate");
    assertEquals(await shown(service.port), serialOf(second));
  },
});

Deno.test("a thread that is started again shows the certificate that is used now", async () => {
  await using crashes = new Crashes();
  using files = writePair(first);
  await using service = await testThreads(
    { worker: crashes.module("worker") },
    ...files.flags,
    "--workers",
    "2",
    "--drain",
    "50ms",
  );
  await crashes.called(2);
  Deno.writeTextFileSync(files.cert, second.cert);
  Deno.writeTextFileSync(files.key, second.key);
  await service.reload();
  crashes.crash(1);
  await crashes.called(3);
  for (let i = 0; i < 8; i++) assertEquals(await shown(service.port), serialOf(second));
});

Deno.test("a page of http may not connect to what speaks https, one of https may", async () => {
  using files = writePair(first);
  await using service = await testService(...files.flags);
  await go(true, async () => {
    const host = `127.0.0.1:${service.port}`;
    for (
      const [Origin, status] of [
        [`https://${host}`, 200],
        [`http://${host}`, 403],
        [`https://127.0.0.1:${service.port + 1}`, 403],
      ] as const
    ) assertEquals((await ask(service, "POST /btc", { Origin }, "x")).status, status, Origin);
  });
});

Deno.test("what keeps a service from its certificate or its socket is one line", async () => {
  using files = writePair(first);
  const refusals: [flags: string[], says: RegExp][] = [
    [["--cert", "no.pem", "--key", files.key], /^cannot read no\.pem: there is no such file$/],
    [
      ["--cert", files.cert, "--key", files.ca],
      /cannot be used: the key's file holds none \(PEM\)$/,
    ],
    [["--unix", files.cert], /^cannot listen on .*cert\.pem: there is a file that is no socket$/],
    [["--unix", `${files.folder}/x`.padEnd(120, "x")], /: the path is longer than 107 bytes$/],
  ];
  for (const [flags, says] of refusals) {
    for (const workers of ["1", "2"]) {
      const error = await assertRejects(
        () => testService("--workers", workers, ...flags),
        ListenError,
      );
      assertMatch(error.message, says);
    }
  }
});

for (const workers of ["1", "2"]) {
  Deno.test({
    name: `whoever can open its Unix socket is local, whatever the port is [${workers} workers]`,
    ignore: Deno.build.os === "windows",
    async fn() {
      const folder = await Deno.makeTempDir();
      const path = `${folder}/kodama`;
      for (const port of ["0", "none"]) {
        await using service = await testService(
          ...["--port", port, "--unix", path, "--workers", workers, "--drain", "50ms"],
        );
        assertEquals(service.url.startsWith(port === "0" ? "http://" : `unix:${path}`), true);
        const asked = async (fields: string, target = "/btc") => {
          using conn = await Deno.connect({ transport: "unix", path });
          const request = `POST ${target} HTTP/1.1\r\n${fields}Content-Length: 2\r\n` +
            "Connection: close\r\n\r\nhi";
          await conn.write(new TextEncoder().encode(request));
          const text = await new Response(conn.readable).text();
          return Number(text.slice(9, 12));
        };
        // Protected mode: only who is local writes. No name leads here, so any is as good.
        assertEquals(await asked("Host: kodama\r\n"), 200);
        assertEquals(await asked("Host: kodama\r\nX-Forwarded-For: 192.0.2.1\r\n"), 403);
        assertEquals(await asked("Host: kodama\r\nOrigin: http://evil.example\r\n"), 403);
        const lines = service.log.lines.filter(({ message }) => message === "refused");
        assertEquals(new Set(lines.map(({ fields }) => fields.peer)), new Set(["unix"]));
      }
      assertEquals([...Deno.readDirSync(folder)], []);
      await Deno.remove(folder, { recursive: true });
    },
  });
}

Deno.test("the command serves https, reads its certificate again on SIGHUP, and is spoken to by its own commands", async () => {
  using files = writePair(first);
  const flags = ["--port", "0", "--drain", "1s", ...files.flags];
  const refused = await run(flags);
  assertEquals(refused.err, `kodama: cannot read ${files.cert}: this needs --allow-read of it\n`);
  const allowed = ["-P=serve", `--allow-read=lib,static,std,${files.folder}`];
  const child = kodama(flags, { allowed }).spawn();
  const [, url, port] = await until(
    child.stdout,
    /^Kodama listens\. Open (https:\/\/localhost:(\d+)\/)\n/,
  );
  const subscriber = await openWs(`wss://localhost:${port}/btc`);
  // A certificate of nobody that is known: who knows its authority says so to Deno.
  const trusting = { env: { DENO_CERT: files.ca } };
  const receipt = await run(["publish", `${url}btc`, "hello"], trusting);
  assertMatch(receipt.out, /"subscribers":1/);
  assertEquals(await subscriber.next(), "hello");
  const strange = await run(["publish", `${url}btc`, "hello"]);
  assertEquals([strange.code, strange.err.split("\n").length], [1, 2]);
  assertMatch(strange.err, /UnknownIssuer|certificate/);
  if (Deno.build.os !== "windows") {
    Deno.writeTextFileSync(files.cert, second.cert);
    Deno.writeTextFileSync(files.key, second.key);
    child.kill("SIGHUP");
    await until(
      child.stderr,
      /info certificate names="localhost, 127\.0\.0\.1"[\s\S]*info certificate/,
    );
    assertEquals(await shown(Number(port)), serialOf(second));
    assertNotEquals(serialOf(first), serialOf(second));
  }
  assertEquals(subscriber.ws.readyState, WebSocket.OPEN);
  const closed = new Promise((resolve) => subscriber.ws.once("close", resolve));
  child.kill("SIGTERM");
  assertEquals(await closed, 1001);
  assertEquals((await child.status).code, 0);
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
});

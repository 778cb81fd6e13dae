/**
 * Who comes to NATS, and over what: a file with credentials, and TLS.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { nkeys } from "@nats-io/transport-node";
import { connectTo, explain } from "../../lib/engine/nats/connect.ts";
import { natsServers, natsTest, soon } from "../tools/nats.ts";
import { ask } from "../tools/channels.ts";
import { kodama } from "../tools/command.ts";
import { publishAll } from "../../lib/testing/engine_suite.ts";
import { beginNatsEngine, Ear, openNatsEngine } from "./nats_engine.ts";
import { freePorts } from "../tools/ports.ts";

type KeyPair = ReturnType<typeof nkeys.createUser>;
const encoder = new TextEncoder();

function base64url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** A token of NATS's own kind, by which one key vouches for another. */
function token(issuer: KeyPair, subject: KeyPair, nats: Record<string, unknown>): string {
  const claims = {
    jti: crypto.randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: "test",
    nats: { version: 2, ...nats },
  };
  const parts = [{ typ: "JWT", alg: "ed25519-nkey" }, claims].map((part) =>
    base64url(encoder.encode(JSON.stringify(part)))
  );
  return [...parts, base64url(issuer.sign(encoder.encode(parts.join("."))))].join(".");
}

/** A file with credentials. */
function credentials(jwt: string, user: KeyPair): string {
  const seed = new TextDecoder().decode(user.getSeed());
  return `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n\n` +
    `-----BEGIN USER NKEY SEED-----\n${seed}\n------END USER NKEY SEED------\n`;
}

natsTest(
  "credentials in a file are taken, read again for each connection, and never shown",
  async () => {
    const operator = nkeys.createOperator(), user = nkeys.createUser();
    const [account, system] = [nkeys.createAccount(), nkeys.createAccount()];
    const any = -1;
    const limits = {
      ...{ subs: any, data: any, payload: any, imports: any, exports: any, wildcards: true },
      ...{ conn: any, leaf: any, mem_storage: any, disk_storage: any, streams: any, consumer: any },
    };
    const accounts = [[account, limits], [system, { subs: any, conn: any }]] as const;
    const preload = accounts.map(([key, limits]) =>
      `${key.getPublicKey()}: "${token(operator, key, { type: "account", limits })}"`
    );
    const own = { type: "operator", system_account: system.getPublicKey() };
    await using nats = await natsServers(
      1,
      `operator: "${token(operator, operator, own)}", system_account: ${system.getPublicKey()}
     resolver: MEMORY, resolver_preload: { ${preload.join(", ")} }`,
    );
    const creds = await Deno.makeTempFile();
    const nobody = nkeys.createUser();
    const claims = { type: "user", pub: {}, sub: {}, subs: any, data: any, payload: any };
    // Nobody vouches for this one.
    await Deno.writeTextFile(creds, credentials(token(nobody, nobody, claims), nobody));
    const engine = beginNatsEngine({ ...nats, creds }), ear = new Ear();
    engine.listen(ear);
    await soon("refusal", () => Promise.resolve(ear.heard.length > 0));
    assertEquals(ear.heard[0], `NATS at ${nats.engine} refuses the credentials`);
    await Deno.writeTextFile(creds, credentials(token(account, user, claims), user));
    await ear.hears("reachable");
    await publishAll(engine, "a:1");
    await engine.close();
    await Deno.remove(creds);
  },
);

/** Runs openssl, where that is. */
async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args }).output();
  assert(success, new TextDecoder().decode(stderr));
}

natsTest(
  "tls:// speaks TLS only, checks the certificate, and nats:// does where the server wants it",
  async () => {
    const folder = await Deno.makeTempDir();
    const file = (name: string) => `${folder}/${name}`;
    const [authority, key, cert] = ["ca.pem", "key.pem", "cert.pem"].map(file);
    const fresh = ["-newkey", "rsa:2048", "-nodes"];
    await openssl(
      ...["req", "-x509", ...fresh, "-keyout", file("ca.key"), "-out", authority!],
      ...["-subj", "/CN=authority"],
    );
    await openssl(
      ...["req", ...fresh, "-keyout", key!, "-out", file("csr.pem"), "-subj", "/CN=localhost"],
    );
    await Deno.writeTextFile(file("names"), "subjectAltName=IP:127.0.0.1");
    await openssl(
      ...["x509", "-req", "-in", file("csr.pem"), "-CA", authority!, "-CAkey", file("ca.key")],
      ...["-CAcreateserial", "-days", "1", "-extfile", file("names"), "-out", cert!],
    );
    await using plain = await natsServers(1);
    await using nats = await natsServers(1, `tls { cert_file: "${cert}", key_file: "${key}" }`);
    const refusals: [string, RegExp][] = [
      [plain.engine.replace("nats:", "tls:"), /cannot be reached: server does not support 'tls'$/],
      [nats.engine.replace("nats:", "tls:"), /cannot be reached: .*certificate/i],
      [nats.engine, /cannot be reached: .*certificate/i],
    ];
    for (const [engine, why] of refusals) {
      const refused = beginNatsEngine({ engine }), ear = new Ear();
      refused.listen(ear);
      await soon("refusal", () => Promise.resolve(ear.heard.length > 0));
      assertMatch(ear.heard[0]!, why);
      await refused.close();
    }
    // An authority of one's own is named to the process.
    const [port] = freePorts(1);
    const engine = nats.engine.replace("nats:", "tls:");
    const child = kodama(["--port", String(port), "--engine", engine], {
      env: { DENO_CERT: authority! },
    })
      .spawn();
    const said = Promise.all([child.stdout.cancel(), new Response(child.stderr).text()]);
    await soon(
      "readiness",
      async () => (await ask({ port: port! }, "GET /-/ready")).status === 200,
    );
    child.kill("SIGTERM");
    await child.status;
    await said;
    await Deno.remove(folder, { recursive: true });
  },
);

natsTest("an identity in the URL is a token where it has no password", async () => {
  await using nats = await natsServers(1, 'authorization { token: "t0ken" }');
  const engine = await openNatsEngine({ engine: nats.engine.replace("://", "://t0ken@") });
  await publishAll(engine, "a:1");
  await engine.close();
});

natsTest("a server that refuses and resets, again and again, ends nothing here", async () => {
  await using nats = await natsServers(1, 'authorization { token: "t0ken" }');
  const [engine, welcome] = ["wrong", "t0ken"].map((token) =>
    nats.engine.replace("://", `://${token}@`)
  ) as [string, string];
  for (let attempt = 0; attempt < 20; attempt++) {
    const error = await assertRejects(() => connectTo({ engine, creds: "" }, attempt), Error);
    assertEquals(explain(engine, error), `NATS at ${nats.engine} refuses the credentials`);
    // The reset comes after the refusal, to a socket that is closed here; the server has sent it before it serves the next.
    await (await connectTo({ engine: welcome, creds: "" }, 0)).close();
  }
});

/**
 * A small directory (RFC 8555) in this process, which checks what it is sent and fails as it is told to; and a clock
 * that moves on only when somebody waits.
 */
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { decodeBase64Url } from "@std/encoding";
import { calculateJwkThumbprint, flattenedVerify, importJWK, type JWK } from "jose";
import type { Fetch, Time } from "../../lib/acme/client.ts";
import type { Challenges } from "../../lib/acme/order.ts";
import type { Store } from "../../lib/acme/store.ts";

/** 1 January 2030. */
export const NEW_YEAR = Date.UTC(2030, 0, 1);
export const SECOND = 1000, MINUTE = 60_000, HOUR = 3_600_000, DAY = 24 * HOUR;
export const URL_OF_DIRECTORY = "https://acme.test/dir";

/** A clock that waiting moves on, as far as it may go. */
export class TestTime implements Time {
  waits: number[] = [];
  #now = NEW_YEAR;
  readonly #end: number;
  readonly #stop: AbortController;

  /** @param end When it aborts instead, in ms from the beginning. */
  constructor(stop: AbortController, end: number) {
    this.#stop = stop;
    this.#end = NEW_YEAR + end;
  }

  now(): number {
    return this.#now;
  }

  wait(ms: number, signal: AbortSignal): Promise<void> {
    this.waits.push(ms);
    this.#now += ms;
    if (this.#now >= this.#end) this.#stop.abort();
    signal.throwIfAborted();
    return Promise.resolve();
  }
}

/** Texts in memory. */
export class TestStore implements Store {
  texts = new Map<string, string>();
  read = (name: string) => Promise.resolve(this.texts.get(name));
  write = (name: string, text: string) => Promise.resolve(void this.texts.set(name, text));
}

/** What is asked of the directory. */
export type Step =
  | "directory"
  | "nonce"
  | "account"
  | "update"
  | "order"
  | "authorization"
  | "challenge"
  | "look"
  | "finalize"
  | "certificate";

/** What goes another way than usual: an answer, or an error that `fetch` throws, for the nth time that it is asked. */
export type Script = Partial<
  Record<Step, (call: number) => Response | Error | undefined | Promise<Response>>
>;

/** A problem document. */
export function problem(
  status: number,
  type: string,
  detail: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail }), {
    status,
    headers: { "Content-Type": "application/problem+json", ...headers },
  });
}

interface Order {
  names: string[];
  status: string;
  certificate?: string;
}

const usage = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** The directory. */
export class TestDirectory {
  /** What it was asked, in order. */
  steps: Step[] = [];
  /** When it was asked for an order, in ms from the beginning. */
  ordered: number[] = [];
  accounts = new Map<string, { jwk: JWK; contact: string[] }>();
  script: Script = {};
  /** For how long a certificate is good, in ms. */
  lifetime = 90 * DAY;
  /** How long before it comes a certificate is good, in ms. */
  backdated = 0;
  /** For whom the certificates are, instead of those who are asked for. */
  names: string[] | undefined;
  /** Whether authorizations are good already. */
  trusting = false;
  readonly #time: TestTime;
  readonly #challenges: Challenges;
  readonly #nonces = new Set<string>();
  readonly #orders: Order[] = [];
  readonly #authorizations = new Map<string, { name: string; status: string; error?: unknown }>();
  #issuer: CryptoKeyPair | undefined;

  /** @param challenges What a server would answer. */
  constructor(time: TestTime, challenges: Challenges) {
    this.#time = time;
    this.#challenges = challenges;
  }

  /** How often it was asked something. */
  count(step: Step): number {
    return this.steps.filter((s) => s === step).length;
  }

  /** As the client calls it. */
  fetch: Fetch = async (url, init) => {
    if (!new Headers(init.headers).get("User-Agent")) throw new Error("6.1: no User-Agent");
    const { pathname } = new URL(url);
    const step = this.#step(pathname, init);
    this.steps.push(step);
    const other = await this.script[step]?.(this.count(step));
    if (other instanceof Error) throw other;
    if (step === "directory") return other ?? this.#directory();
    if (step === "nonce") return other ?? this.#reply("");
    const { header, payload } = await this.#verified(url, String(init.body));
    if (!this.#nonces.delete(header.nonce)) {
      const { status, body, headers } = problem(400, "badNonce", "not this one");
      return new Response(body, {
        status,
        headers: { ...Object.fromEntries(headers), ...this.#nonce() },
      });
    }
    if (other !== undefined) return other;
    if (step !== "account" && !this.accounts.has(header.kid)) {
      return problem(400, "accountDoesNotExist", "who is that?");
    }
    return await this.#answer(step, pathname, header, payload);
  };

  #step(path: string, init: RequestInit): Step {
    if (init.method === "GET") return "directory";
    if (init.method === "HEAD") return "nonce";
    const [, kind = ""] = path.split("/");
    const steps: Record<string, Step> = {
      "new-account": "account",
      account: "update",
      "new-order": "order",
      authz: "authorization",
      challenge: "challenge",
      order: "look",
      finalize: "finalize",
      cert: "certificate",
    };
    return steps[kind]!;
  }

  async #verified(url: string, body: string) {
    const jws = JSON.parse(body);
    const header = JSON.parse(new TextDecoder().decode(decodeBase64Url(jws.protected)));
    if (header.url !== url) throw new Error("6.4: signed for another URL");
    if ((header.jwk === undefined) === (header.kid === undefined)) {
      throw new Error("6.2: jwk or kid");
    }
    const jwk = header.jwk ?? this.accounts.get(header.kid)?.jwk;
    // Of an account that is not known nothing can be checked.
    if (jwk === undefined) return { header, payload: undefined };
    const { payload } = await flattenedVerify(jws, await importJWK(jwk, "ES256"));
    const text = new TextDecoder().decode(payload);
    return { header, payload: text === "" ? undefined : JSON.parse(text) };
  }

  async #answer(
    step: Step,
    path: string,
    header: { kid: string; jwk: JWK },
    // deno-lint-ignore no-explicit-any
    payload: any,
  ): Promise<Response> {
    const id = path.split("/")[2]!;
    const order = this.#orders[Number(id)]!;
    const at = (kind: string) => `https://acme.test/${kind}/${id}`;
    const view = () => ({
      status: order.status,
      finalize: at("finalize"),
      certificate: at("cert"),
    });
    switch (step) {
      case "account": {
        if (payload.termsOfServiceAgreed !== true) {
          return problem(403, "userActionRequired", "terms");
        }
        const url = `https://acme.test/account/${await calculateJwkThumbprint(header.jwk)}`;
        this.accounts.set(url, { jwk: header.jwk, contact: payload.contact });
        return this.#reply("{}", { Location: url }, 201);
      }
      case "update":
        this.accounts.get(header.kid)!.contact = payload.contact;
        return this.#reply("{}");
      case "order": {
        this.ordered.push(this.#time.now() - NEW_YEAR);
        const names = payload.identifiers.map((i: { value: string }) => i.value);
        const made = this.#orders.push({ names, status: this.trusting ? "ready" : "pending" }) - 1;
        const authorizations = names.map((name: string) => {
          const key = `${made}-${name}`;
          this.#authorizations.set(key, { name, status: this.trusting ? "valid" : "pending" });
          return `https://acme.test/authz/${key}`;
        });
        const body = JSON.stringify({ status: "pending", authorizations });
        return this.#reply(body, { Location: `https://acme.test/order/${made}` }, 201);
      }
      case "authorization": {
        const { name, status, error } = this.#authorizations.get(id)!;
        const token = id.replaceAll(".", "_");
        const challenges = [
          { type: "dns-01", url: "https://acme.test/dns", token },
          { type: "http-01", url: at("challenge"), token, error },
        ];
        return this.#json({ status, identifier: { type: "dns", value: name }, challenges });
      }
      case "challenge": {
        const authorization = this.#authorizations.get(id)!;
        const token = id.replaceAll(".", "_");
        const { jwk } = this.accounts.get(header.kid)!;
        const right = `${token}.${await calculateJwkThumbprint(jwk)}`;
        authorization.status = this.#challenges.get(token) === right ? "valid" : "invalid";
        const found = this.#orders[Number(id.split("-")[0])]!;
        const all = [...this.#authorizations].filter(([key]) =>
          key.startsWith(id.split("-")[0] + "-")
        );
        if (all.every(([, { status }]) => status === "valid")) found.status = "ready";
        return this.#json({});
      }
      case "look":
        return this.#json(view());
      case "finalize":
        order.certificate = await this.#issue(payload.csr, order.names);
        order.status = "valid";
        return this.#json(view());
      case "certificate":
        return this.#reply(order.certificate!);
      default:
        throw new TypeError(step);
    }
  }

  /** What is wrong with a name: its challenge fails. */
  fail(order: number, name: string, error: unknown): void {
    Object.assign(this.#authorizations.get(`${order}-${name}`)!, { status: "invalid", error });
  }

  async #issue(csr: string, names: string[]): Promise<string> {
    const request = new x509.Pkcs10CertificateRequest(decodeBase64Url(csr));
    if (!await request.verify()) throw new Error("the request is not signed by its key");
    // 2.5.29.17: the subject's alternative names (RFC 5280, 4.2.1.6).
    const asked = request.getExtension("2.5.29.17") as x509.SubjectAlternativeNameExtension | null;
    const wanted = asked?.names.toJSON().map(({ value }) => value);
    if (wanted?.join() !== names.join()) throw new Error("7.4: other names");
    this.#issuer ??= await crypto.subtle.generateKey(usage, false, ["sign", "verify"]);
    const from = this.#time.now() - this.backdated;
    const certificate = await x509.X509CertificateGenerator.create({
      issuer: "CN=Test",
      publicKey: request.publicKey,
      signingKey: this.#issuer.privateKey,
      signingAlgorithm: usage,
      notBefore: new Date(from),
      notAfter: new Date(from + this.lifetime),
      extensions: [
        new x509.SubjectAlternativeNameExtension(
          (this.names ?? names).map((value) => ({ type: "dns" as const, value })),
        ),
      ],
    });
    return `${certificate.toString("pem")}\n`;
  }

  #directory(): Response {
    const at = (kind: string) => `https://acme.test/${kind}`;
    const meta = { termsOfService: at("terms") };
    // Without a nonce: those who need one have to ask for it.
    return new Response(JSON.stringify({
      newNonce: at("new-nonce"),
      newAccount: at("new-account"),
      newOrder: at("new-order"),
      meta,
    }));
  }

  #json(body: unknown): Response {
    return this.#reply(JSON.stringify(body));
  }

  #reply(body: string, headers: Record<string, string> = {}, status = 200): Response {
    return new Response(body, { status, headers: { ...headers, ...this.#nonce() } });
  }

  #nonce(): Record<string, string> {
    const nonce = crypto.randomUUID();
    this.#nonces.add(nonce);
    return { "Replay-Nonce": nonce };
  }
}

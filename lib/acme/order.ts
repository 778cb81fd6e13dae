/**
 * From names to a certificate: an order, a challenge for each name, and the certificate (RFC 8555, 7.4, 7.5 and 8.3).
 * @module
 */
import { encodeBase64Url } from "@std/encoding";
import { type Certificate, requestCertificate } from "./certificate.ts";
import { type Answer, type Body, type Client, textOf, type Time, urlOf } from "./client.ts";
import { AcmeError, problemText, problemType } from "./error.ts";
import { keyAuthorization } from "./jws.ts";

/** What whoever asks at `/.well-known/acme-challenge/` is answered, by token. */
export type Challenges = Map<string, string>;

/** What an order needs. */
export interface OrderContext {
  client: Client;
  /** The names, all of them in one certificate. */
  names: readonly string[];
  /** Answers are put here, and taken away when they have been asked for. */
  challenges: Challenges;
  time: Time;
  signal: AbortSignal;
}

/** First and longest pause between two looks at what the directory does, where it names none, in ms. */
const FIRST_LOOK = 1000, LONGEST_LOOK = 10_000;
/** How long the directory may take for one step, in ms. */
const PATIENCE = 15 * 60_000;

/**
 * Gets a certificate with a new key.
 * @throws {AcmeError} Why there is none: for each name what is wrong with it.
 */
export async function orderCertificate(context: OrderContext): Promise<Certificate> {
  const { client, names } = context;
  const { newOrder } = await client.directory();
  const identifiers = names.map((value) => ({ type: "dns", value }));
  const made = await client.object(newOrder, { identifiers });
  const order = urlOf({ location: made.location }, "location");
  await authorize(context, made.body);
  const ready = await settled(context, order, ["pending"]);
  if (textOf(ready, "status") !== "ready") throw failed("the order", ready);
  const request = await requestCertificate(names);
  await client.post(urlOf(ready, "finalize"), { csr: encodeBase64Url(request.der) });
  const done = await settled(context, order, ["ready", "processing"]);
  if (textOf(done, "status") !== "valid") throw failed("the order", done);
  const { text } = await client.post(urlOf(done, "certificate"));
  return { cert: text, key: request.key };
}

/** Answers the challenge of every name that needs one, and waits until the directory has asked for it. */
async function authorize(context: OrderContext, order: Body): Promise<void> {
  const { client, challenges } = context;
  const listed = Array.isArray(order.authorizations) ? order.authorizations : [];
  const tokens: string[] = [], asked: string[] = [];
  try {
    for (const authorization of listed) {
      const url = urlOf({ authorization }, "authorization");
      const { body } = await client.object(url);
      // 7.1.4: one that is still good from an earlier order needs nothing.
      if (body.status === "valid") continue;
      const challenge = challengeOf(body);
      const token = textOf(challenge, "token");
      // 8.3: "It MUST NOT contain any characters outside the base64url alphabet".
      if (!/^[A-Za-z0-9_-]{1,256}$/.test(token)) throw new AcmeError("a token is malformed");
      challenges.set(token, keyAuthorization(token, client.key));
      tokens.push(token);
      // 7.5.1: an empty object says that the answer is there.
      await client.post(urlOf(challenge, "url"), {});
      asked.push(url);
    }
    const refused: AcmeError[] = [];
    for (const url of asked) {
      const body = await settled(context, url, ["pending"]);
      const { error } = challengeOf(body);
      if (body.status !== "valid") refused.push(failed(nameOf(body), { ...body, error }));
    }
    if (refused.length > 0) throw new AcmeError(refused.map((e) => e.message).join("; "));
  } finally {
    for (const token of tokens) challenges.delete(token);
  }
}

/** The challenge that can be met here. */
function challengeOf(authorization: Body): Body {
  const challenges = authorization.challenges;
  const found = Array.isArray(challenges)
    ? challenges.find((c: Body | null) => c?.type === "http-01") as Body | undefined
    : undefined;
  if (found !== undefined) return found;
  throw new AcmeError(`${nameOf(authorization)}: the directory offers no HTTP-01`);
}

function nameOf({ identifier }: Body): string {
  const value = (identifier as Body | undefined)?.value;
  return typeof value === "string" ? value.slice(0, 255) : "a name";
}

/** Looks at something until it is in another state than these, no more often than the directory says. */
async function settled(
  { client, time, signal }: OrderContext,
  url: string,
  states: readonly string[],
): Promise<Body> {
  const deadline = time.now() + PATIENCE;
  let pause = FIRST_LOOK;
  for (;;) {
    const { body, retryAfter }: Answer & { body: Body } = await client.object(url);
    const status = textOf(body, "status");
    if (!states.includes(status)) return body;
    const wait = Math.max(retryAfter ?? 0, pause);
    if (time.now() + wait > deadline) {
      const minutes = PATIENCE / 60_000;
      throw new AcmeError(`still ${status} after ${minutes} minutes`, { retryAfter });
    }
    await time.wait(wait, signal);
    pause = Math.min(pause * 2, LONGEST_LOOK);
  }
}

const LEADS = "do its A and AAAA records lead to this machine, and its port 80 to --http-port?";
/** What the person who runs this server can look at, by the type of what is wrong (6.7). */
const hints: Record<string, string> = {
  dns: "do its A and AAAA records lead to this machine?",
  connection: LEADS,
  unauthorized: LEADS,
  caa: "does its CAA record allow this authority?",
};

function failed(what: string, { status, error }: Body): AcmeError {
  const type = problemType(error);
  const hint = type === undefined ? undefined : new Map(Object.entries(hints)).get(type);
  const why = error === undefined ? `is ${String(status).slice(0, 40)}` : problemText(error);
  return new AcmeError(`${what}: ${why}${hint === undefined ? "" : ` (${hint})`}`);
}

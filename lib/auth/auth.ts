/**
 * Who may do what: tokens, globs, and the mode without any verifier.
 * @module
 */
import type { FetchImplementation, JWTPayload } from "jose";
import { compileGlob, type Glob } from "../hub/name.ts";
import { HttpError } from "../http/error.ts";
import { parametersOf } from "../http/target.ts";
import type { Request } from "../net/connection.ts";
import { listElements } from "../websocket/handshake.ts";
import type { Config } from "../settings/config.ts";
import { guardedChannels } from "./guarded.ts";
import { isForwarded, isLocal, isTrusted, type Trust } from "./proxy.ts";

/** What somebody may do. */
export interface Rights {
  /** Whether a channel may be read. */
  read: Glob;
  /** Whether a channel may be written. */
  write: Glob;
  /** When a token ends, in ms since 1970; `Infinity` where none is needed or it does not end. */
  expires: number;
  /** Why something is refused: nobody said who they are, or who they are is not enough. */
  refusal: 401 | 403;
  /** What would change that writing is refused, where it is not a token. */
  hint?: string;
  /** Who it is, 1 to {@linkcode MAX_SUB} characters; `undefined`: nobody in particular. */
  sub?: string;
  /** What others are told of who it is, besides `sub`: a JSON value of at most {@linkcode MAX_INFO} bytes. */
  info?: unknown;
}

/** Most that the claim `sub` may be, in characters. */
export const MAX_SUB = 255;
/** Most that the claim `info` may be, as JSON, in bytes of UTF-8. */
export const MAX_INFO = 1024;

/** What somebody may do by a token. Throws 401 for one that is bad. */
export type OfToken = (token: string) => Promise<Rights>;

/** What somebody is about to do on channels. */
export type Action = "read" | "write";

/**
 * Finds out what the sender of a request may do: of what it is about to do, and of all else that it may do later on the
 * same connection.
 * @param channels Those that it has named; none where they are known only later, as with a batch.
 * @throws {HttpError} 401 for a token that is bad; what else says that nobody will be let in, or cannot be now.
 */
export type Authorize = (
  request: Request,
  action: Action,
  channels: readonly string[],
) => Promise<Rights>;

/** The apps of the Pusher protocol, where there are any. */
type Apps = Partial<Pick<Config, "pusher">>;

const BEARER = "kodama.token.";
const COOKIE = "kodama_token";
/** What whoever may write nowhere may write. */
export const nothing: Glob = () => false;
const everything: Glob = () => true;
/** What is an operator's is nobody's without a token. */
export const ordinary: Glob = (name) => !name.startsWith("-/");

function anyOf(globs: readonly string[]): Glob {
  if (globs.length === 0) return nothing;
  const compiled = globs.map(compileGlob);
  return (name) => compiled.some((matches) => matches(name));
}

/** The token of a request, from the first of the four places that has one. */
export function findToken(request: Pick<Request, "headers" | "target">): string | undefined {
  const { headers, target } = request;
  const bearer = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (bearer !== undefined) return bearer;
  for (const pair of (headers.get("cookie") ?? "").split(";")) {
    const [name, value = ""] = pair.trim().split(/=(.*)/s);
    if (name === COOKIE && value !== "") return value.replace(/^"(.*)"$/, "$1");
  }
  const query = parametersOf(target).get("token");
  if (query !== null && query !== "") return query;
  const offered = listElements(headers.get("sec-websocket-protocol"));
  return offered.find((p) => p.startsWith(BEARER))?.slice(BEARER.length);
}

/** The globs of a claim, which is a list of texts or absent. */
function claimGlobs(payload: JWTPayload, claim: "r" | "w"): string[] {
  const value = payload[claim];
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((v): v is string => typeof v === "string")) {
    throw badClaim(`${claim} is not a list of channel globs`);
  }
  return value;
}

/** Who somebody is by claims, and what others are told of that. */
function identity({ sub, info }: JWTPayload): Pick<Rights, "sub" | "info"> {
  if (sub === undefined) return {};
  // What is signed need not be what RFC 7519, 4.1.2 asks for.
  if (typeof sub !== "string" || sub === "" || [...sub].length > MAX_SUB) {
    throw badClaim(`sub is not a text of 1 to ${MAX_SUB} characters`);
  }
  if (info === undefined) return { sub };
  if (size(JSON.stringify(info)) > MAX_INFO) throw badClaim(`info is over ${MAX_INFO} bytes`);
  return { sub, info };
}

const encoder = new TextEncoder();

function size(text: string): number {
  return encoder.encode(text).length;
}

function badClaim(why: string): HttpError {
  return new HttpError(401, `the token's claim ${why}`, challenge);
}

/** RFC 6750, 3: what a 401 comes with. */
export const challenge: [string, string][] = [["WWW-Authenticate", 'Bearer realm="kodama"']];

/** Why a request may not write in protected mode, and what changes that. */
function writeHint(request: Request, trust: Trust): string {
  const hint = "only this machine may write here (protected mode); others may with a token, see " +
    "--secret and --jwks";
  return isForwarded(request) && !isTrusted(request.peer, trust)
    ? `${hint}; this came through a proxy, whose word --trust-proxy takes`
    : hint;
}

/** The error for a request that lacks a right. */
export function refused(rights: Rights, what: string): HttpError {
  if (rights.refusal === 403) return new HttpError(403, `not allowed to ${what}`);
  return new HttpError(401, `a token is needed to ${what}`, challenge);
}

/** The error for a request that may not write. */
export function refusedWrite(rights: Rights, where: string): HttpError {
  const hint = rights.hint === undefined ? "" : `: ${rights.hint}`;
  return refused(rights, `write ${where}${hint}`);
}

/**
 * Finds rights by the settings: a secret, a key set, a backend, or protected mode without any of them.
 * @param ofToken Finds those of a token, where something verifies it.
 * @param ask Asks a backend about who comes without one; where nothing verifies it, about everybody.
 */
export function createAuthorize(
  config: Pick<Config, "secret" | "jwks" | "public" | "trustProxy"> & Apps,
  ofToken: OfToken | undefined = createOfToken(config),
  ask?: Authorize,
): Authorize {
  if (ofToken === undefined && ask === undefined) {
    // Protected mode: whoever can connect may read; only this machine may write.
    const guarded = guardedChannels(config);
    return (request) => {
      const rights = { read: ordinary, expires: Infinity, refusal: 403 as const };
      if (isLocal(request, config.trustProxy)) {
        return Promise.resolve({ ...rights, write: everything });
      }
      const hint = writeHint(request, config.trustProxy);
      const read: Glob = (name) => ordinary(name) && !guarded(name);
      return Promise.resolve({ ...rights, read, write: nothing, hint });
    };
  }
  const open = openTo(config);
  const anonymous: Rights = { read: open, write: nothing, expires: Infinity, refusal: 401 };
  return async (request, action, channels) => {
    const token = ofToken && findToken(request);
    if (token !== undefined) return await ofToken!(token);
    // What is open to everybody, or to tokens alone, nobody needs to be asked about.
    const settled = !channels.every(ordinary) || action === "read" && channels.every(open);
    return ask === undefined || settled ? anonymous : await ask(request, action, channels);
  };
}

/** What may be read without a token, where something verifies tokens or is asked. */
export function openTo(config: Pick<Config, "public"> & Apps): Glob {
  const globs = anyOf(config.public.length === 0 ? ["public/**"] : config.public);
  const guarded = guardedChannels(config);
  // Also where `**` is public: what is an app's users' is nobody's without a token.
  return (name) => ordinary(name) && globs(name) && !guarded(name);
}

/** Finds rights by a token: with a secret or a key set; `undefined` without either. */
export function createOfToken(
  config: Pick<Config, "secret" | "jwks" | "public"> & Apps,
): OfToken | undefined {
  const verify = createVerifier(config);
  if (verify === undefined) return undefined;
  const open = openTo(config);
  return async (token) => rightsOf(await verify(token), open);
}

/**
 * What somebody may do by claims.
 * @param open What may be read without any.
 * @throws {HttpError} 401 for claims that are not what they should be.
 */
export function rightsOf(payload: JWTPayload, open: Glob): Rights {
  const read = anyOf(claimGlobs(payload, "r"));
  return {
    read: (name) => read(name) || open(name),
    write: anyOf(claimGlobs(payload, "w")),
    expires: payload.exp === undefined ? Infinity : payload.exp * 1000,
    refusal: 403,
    ...identity(payload),
  };
}

function createVerifier(
  { secret, jwks }: Pick<Config, "secret" | "jwks">,
): ((token: string) => Promise<JWTPayload>) | undefined {
  if (secret === "" && jwks === "") return undefined;
  const key = new TextEncoder().encode(secret);
  // Who serves without tokens does not wait for what verifies them.
  const loaded = import("jose").then((jose) => ({
    ...jose,
    keys: jwks === ""
      ? undefined
      : jose.createRemoteJWKSet(new URL(jwks), { [jose.customFetch]: fetchKeys }),
  }));
  return async (token) => {
    const { errors, jwtVerify, keys } = await loaded;
    try {
      const { payload } = keys === undefined
        ? await jwtVerify(token, key, { algorithms: ["HS256"] })
        : await jwtVerify(token, keys, { algorithms: asymmetric });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        throw new HttpError(401, "the token has expired", challenge);
      }
      // What is neither about the token nor about its key is about fetching the keys.
      const fault = error instanceof errors.JOSEError ? error.code : "ERR_JOSE_GENERIC";
      if (keys !== undefined && /^ERR_(JOSE_GENERIC|JWKS_TIMEOUT|JWKS_INVALID)$/.test(fault)) {
        const later: [string, string][] = [["Retry-After", "5"]];
        throw new HttpError(503, "the keys that verify tokens cannot be had", later, "keys");
      }
      throw new HttpError(401, "the token is not valid", challenge);
    }
  };
}

/** Fetches keys; an answer that will not be read is let go of, and its connection with it. */
const fetchKeys: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  if (response.status !== 200) await response.body?.cancel();
  return response;
};

/** A public key must never be taken for a shared secret. */
const asymmetric = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

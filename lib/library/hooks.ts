/**
 * What a program that the service is part of says: who may do what, what is published, and what else is answered.
 * @module
 */
import { type Action, type Authorize, type Rights, rightsOf } from "../auth/auth.ts";
import type { Draft, Kind } from "../hub/message.ts";
import { HttpError } from "../http/error.ts";
import type { Request as Asked } from "../net/answer.ts";
import type { Exchange, Lost } from "../net/exchange.ts";
import { answered, type FetchInfo, infoOf } from "../net/web.ts";
import { webRequest } from "../net/web_request.ts";
import type { Admit, Hooks, Way } from "../service/hooks.ts";
import { bodyOf, dataOf } from "./channels.ts";

/** What somebody may do and who it is: the claims that a token has, too. What they do not allow is not allowed. */
export interface Claims {
  /** Who it is, at most 255 bytes. */
  sub?: string;
  /** What others are told of it where it is present, besides `sub`: a JSON value of at most 1 KiB. */
  info?: unknown;
  /** Globs of channels that may be read; `-/metrics` is the operator's pages. Default none. */
  r?: readonly string[];
  /** Globs of channels that may be written. Default none. */
  w?: readonly string[];
  /** When that ends, in seconds since 1970: a WebSocket is closed with 1008 then. Default never. */
  exp?: number;
}

/** A message that somebody may publish and wants to. */
export interface Offer {
  /** Where to. */
  readonly channel: string;
  /** What it came as. */
  readonly kind: Kind;
  /** Its bytes. */
  readonly body: Uint8Array;
  /** A text, bytes, or the value that the JSON has; made when it is asked for. */
  // deno-lint-ignore no-explicit-any
  readonly data: any;
  /** Its idempotency key. */
  readonly key: string | undefined;
}

/** From whom a message comes. */
export interface Publisher {
  /** How it came: as a request, a line of a batch, a `pub` of the envelope, or a message that is all body. */
  readonly way: Way;
  /** The request, its body read; the handshake, where it came by WebSocket. */
  readonly request: Request;
  /** Who it is, where something says so. */
  readonly sub: string | undefined;
  /** What `sub` came with. */
  readonly info: unknown;
}

/** An answer, now or later; or none. */
export type Perhaps<T> = T | undefined | void | Promise<T | undefined | void>;

/** The functions of a program that the service asks. */
export interface ServiceHooks {
  /**
   * Asked what the sender of a request may do, before the settings are.
   * @param request Without a body.
   * @param action What it is about to do.
   * @param channels Where; none for a batch, whose lines are looked at one by one.
   * @param info Who asks; behind a proxy of `trustProxy`, who is behind it.
   * @returns What it may do, on the whole connection; a `Response` that refuses; `undefined`: as the settings say.
   */
  authorize?: (
    request: Request,
    action: Action,
    channels: readonly string[],
    info: FetchInfo,
  ) => Perhaps<Claims | Response>;
  /**
   * Asked about each message that comes from outside and may be published, in the order of its connection; not about what the
   * program publishes itself.
   * @returns `undefined`: as it is; `{ data }`: that in its place; a `Response` that refuses.
   */
  onpublish?: (
    message: Offer,
    publisher: Publisher,
  ) => Perhaps<{ data: unknown } | Response>;
  /** Answers what is no WebSocket, if it wants to; what it returns `undefined` for, without a look at the body, is answered as always. */
  before?: (request: Request, info: FetchInfo) => Perhaps<Response>;
  /** Answers what would be 404, if it wants to. */
  after?: (request: Request, info: FetchInfo) => Perhaps<Response>;
}

/** The names of a program's functions. */
export const hookNames: readonly (keyof ServiceHooks)[] = [
  "authorize",
  "onpublish",
  "before",
  "after",
];

/**
 * Makes of a program's functions what the service asks.
 * @param maxMessage The largest message, in bytes.
 * @param fault Told of their faults.
 */
export function hooksOf(
  asked: ServiceHooks,
  maxMessage: number,
  fault: (error: unknown) => void,
): Hooks {
  const { authorize, onpublish, before, after } = asked;
  return {
    authorize: authorize && authorized(authorize),
    admit: onpublish && admitted(onpublish, maxMessage),
    around: before === undefined && after === undefined
      ? undefined
      : around(before, after, maxMessage, fault),
  };
}

function authorized(
  ask: NonNullable<ServiceHooks["authorize"]>,
): (own: Authorize) => Authorize {
  return (own) => async (request, action, channels) => {
    const answer: unknown = await ask(
      headOf(request),
      action,
      channels,
      infoOf(request as Exchange),
    );
    if (answer === undefined) return await own(request, action, channels);
    if (answer instanceof Response) throw await refusalOf(answer);
    return rightsBy(answer);
  };
}

/** What the program's claims allow. */
function rightsBy(claims: unknown): Rights {
  const wrong = (what: string) => new TypeError(`authorize must return claims, and ${what}`);
  if (typeof claims !== "object" || claims === null) throw wrong(`returned ${String(claims)}`);
  const { exp } = claims as Claims;
  if (exp !== undefined && !Number.isFinite(exp)) throw wrong("exp is no number");
  try {
    return rightsOf({ ...claims }, () => false);
  } catch (error) {
    // Nobody sent these: it is the program's fault, and no 401.
    if (error instanceof HttpError) throw wrong(`its claims are not: ${error.message}`);
    throw error;
  }
}

function admitted(
  ask: NonNullable<ServiceHooks["onpublish"]>,
  maxMessage: number,
): Admit {
  return async (draft, key, { way, request, rights: { sub, info } }) => {
    const publisher: Publisher = {
      way,
      sub,
      info,
      get request() {
        return headOf(request);
      },
    };
    const answer: unknown = await ask(offerOf(draft, key), publisher);
    if (answer === undefined) return draft;
    if (answer instanceof Response) throw await refusalOf(answer);
    if (typeof answer !== "object" || answer === null || !("data" in answer)) {
      throw new TypeError("onpublish must return undefined, { data } or a Response");
    }
    const changed = { ...draft, ...bodyOf(answer.data) };
    if (changed.body.length > maxMessage) {
      throw new HttpError(413, `the message is over ${maxMessage} bytes`);
    }
    return changed;
  };
}

function offerOf(draft: Draft, key: string | undefined): Offer {
  const { channel, kind, body } = draft;
  return {
    ...{ channel, kind, body, key },
    get data() {
      return dataOf(draft);
    },
  };
}

function around(
  before: ServiceHooks["before"],
  after: ServiceHooks["after"],
  maxMessage: number,
  fault: (error: unknown) => void,
): Hooks["around"] {
  return async (exchange, own) => {
    const request = webRequest(exchange);
    const first = before && await answered(before, exchange, fault, request, true);
    if (first !== undefined) return first;
    try {
      return await own(exchange.begun ? withBodyOf(request, exchange, maxMessage) : exchange);
    } catch (error) {
      if (!(error instanceof HttpError && error.status === 404)) throw error;
      const last = after && await answered(after, exchange, fault, request, true);
      if (last === undefined) throw error;
      return last;
    }
  };
}

/** A request of which the program has looked at the body: what it has left of it is read from there. */
function withBodyOf(request: Request, exchange: Exchange, maxMessage: number): Asked {
  return derived(exchange, (limit = maxMessage) => readAll(request, limit));
}

/** An exchange whose body is another. */
function derived(
  exchange: Exchange,
  body: Asked["body"],
  more: PropertyDescriptorMap = {},
): Exchange {
  return Object.create(exchange, {
    body: { value: body },
    watch: { value: (lost: Lost) => exchange.watch(lost) },
    ...more,
  });
}

async function readAll(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  if (request.bodyUsed) {
    throw new TypeError("before has read the body and returned nothing: read a clone, or answer");
  }
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.length;
    if (size > limit) throw new HttpError(413, `body is over ${limit} bytes`);
    parts.push(part);
  }
  return await new Blob(parts).bytes();
}

const heads = new WeakMap<Asked, Request>();

/** A request as the program sees it where its body is read elsewhere; the same each time. */
function headOf(asked: Asked): Request {
  const known = heads.get(asked);
  if (known !== undefined) return known;
  // As above.
  const exchange = asked as Exchange, hasBody = { value: false };
  const request = webRequest(derived(exchange, (limit) => exchange.body(limit), { hasBody }));
  heads.set(asked, request);
  return request;
}

/** Longest reason that is taken from a refusal's body, in characters. */
const MAX_REASON = 200;

/** A refusal, with the reason that is said where there is no answer to be sent: the first line of its text. */
async function refusalOf(response: Response): Promise<HttpError> {
  const { status, statusText } = response;
  const body = new Uint8Array(await response.arrayBuffer());
  const type = response.headers.get("content-type") ?? "text/plain";
  const text = /^(text\/|application\/json)/.test(type) ? new TextDecoder().decode(body) : "";
  const reason = text.trim().split(/[\r\n]/, 1)[0]!.slice(0, MAX_REASON) || statusText || "refused";
  const headers = [...response.headers];
  return new HttpError(status, reason, headers, status < 400 ? "forbidden" : undefined, body);
}

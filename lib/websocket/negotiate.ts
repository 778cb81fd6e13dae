/**
 * The extension's negotiation (RFC 6455, 9.1; RFC 7692, 5 and 7.1).
 * @module
 */

/** What the server is willing to agree on. */
export type DeflateMode =
  /** Each message sent by itself: one compressed frame serves every subscriber. */
  | "shared"
  /** Each message with the context of those before it, where the client does not refuse. */
  | "takeover"
  /** Nothing. */
  | "off";

/** What was agreed on (RFC 7692, 7.1). */
export interface DeflateParameters {
  /** Whether this side compresses each message by itself. */
  serverNoContextTakeover: boolean;
  /** Whether the client does. */
  clientNoContextTakeover: boolean;
  /** Base-2 logarithm of this side's window: 9 to 15. */
  serverMaxWindowBits: number;
  /** Base-2 logarithm of the client's: 8 to 15. */
  clientMaxWindowBits: number;
}

/** An agreement, and the field that tells the client. */
export interface DeflateAgreement {
  /** What was agreed on. */
  parameters: DeflateParameters;
  /** The value of `Sec-WebSocket-Extensions` in the answer. */
  answer: string;
}

/** One element of `Sec-WebSocket-Extensions`. */
interface Offer {
  name: string;
  /** In order, names perhaps repeated; `undefined` where no value was given. */
  parameters: [name: string, value: string | undefined][];
}

/** One token, parameter or separator at a time (RFC 6455, 9.1; RFC 9110, 5.6). */
const part =
  /[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"((?:[\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*)"|([;,=]))[ \t]*/y;

/**
 * Parses `Sec-WebSocket-Extensions` (RFC 6455, 9.1).
 * @returns The offers in order; `undefined` if the field is malformed.
 */
export function parseExtensions(value: string): Offer[] | undefined {
  const offers: Offer[] = [];
  let offer: Offer | undefined;
  /** What may come: a name of an extension or of a parameter, a value, or one of the separators. */
  let state:
    | "extension"
    | "parameter"
    | "value"
    | "after name"
    | "after parameter"
    | "after value" = "extension";
  part.lastIndex = 0;
  while (part.lastIndex < value.length) {
    const match = part.exec(value);
    if (match === null) return undefined;
    const [, token, quoted, separator] = match;
    if (separator !== undefined) {
      if (separator === "," && (state === "extension" || state.startsWith("after"))) {
        state = "extension";
      } else if (separator === ";" && state.startsWith("after")) state = "parameter";
      else if (separator === "=" && state === "after parameter") state = "value";
      else return undefined;
    } else if (state === "extension" && token !== undefined) {
      offers.push(offer = { name: token, parameters: [] });
      state = "after name";
    } else if (state === "parameter" && token !== undefined) {
      offer!.parameters.push([token, undefined]);
      state = "after parameter";
    } else if (state === "value") {
      // 9.1: "the value after quoted-string unescaping MUST conform to the 'token' ABNF"; who reads it checks that.
      offer!.parameters.at(-1)![1] = token ?? quoted!.replace(/\\(.)/g, "$1");
      state = "after value";
    } else {
      return undefined;
    }
  }
  return state === "parameter" || state === "value" ? undefined : offers;
}

/** RFC 7692, 7.1.2: 8 to 15, without leading zeros. */
function windowBits(value: string | undefined): number | undefined {
  return value !== undefined && /^([89]|1[0-5])$/.test(value) ? Number(value) : undefined;
}

const SERVER_ALONE = "server_no_context_takeover";
const CLIENT_ALONE = "client_no_context_takeover";

/**
 * The window that a client is held to in `shared`, where it says that it can be: each that sends compressed messages
 * costs so many bytes more. `bench/deflate_memory.ts` measures what other windows cost and save.
 */
const CLIENT_WINDOW_BITS = 10;

/** What one offer becomes; `undefined` to decline it. */
function agree(offer: Offer, mode: DeflateMode): DeflateAgreement | undefined {
  const given = new Map(offer.parameters);
  // 7.1: decline an offer with "a parameter ... not defined for use in an offer", "with an invalid value", or twice.
  if (offer.name.toLowerCase() !== "permessage-deflate" || given.size < offer.parameters.length) {
    return undefined;
  }
  const shared = mode === "shared";
  const parameters: DeflateParameters = {
    // A message that is compressed by itself needs no announcement: the client keeps a window that nothing refers to.
    serverNoContextTakeover: shared || given.has(SERVER_ALONE),
    clientNoContextTakeover: given.has(CLIENT_ALONE),
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
  };
  // 7.1.1: an answer may name these two also where they were not offered, but Netty's clients end such a handshake.
  let answer = "permessage-deflate";
  for (const [name, value] of given) {
    const bits = windowBits(value);
    if ((name === SERVER_ALONE || name === CLIENT_ALONE) && value === undefined) {
      answer += `; ${name}`;
    } else if (name === "server_max_window_bits" && bits !== undefined && bits > 8) {
      // A window of 256 bytes is one that zlib does not write.
      parameters.serverMaxWindowBits = bits;
      answer += `; ${name}=${bits}`;
    } else if (name === "client_max_window_bits" && (value === undefined || bits !== undefined)) {
      // 7.1.2.2: the client's own bound is confirmed, or a smaller one asked for; it matters where a context is kept.
      const most = shared && !parameters.clientNoContextTakeover ? CLIENT_WINDOW_BITS : 15;
      parameters.clientMaxWindowBits = Math.min(bits ?? 15, most);
      if (bits !== undefined || most < 15) answer += `; ${name}=${parameters.clientMaxWindowBits}`;
    } else {
      return undefined;
    }
  }
  return { parameters, answer };
}

/**
 * Chooses among a client's offers of permessage-deflate (RFC 7692, 5.1): the first that is acceptable.
 * @param value `Sec-WebSocket-Extensions` of the request, where there is one.
 * @param mode What the server is willing to agree on.
 * @returns The agreement; `undefined` if there is none, which is no error: messages go as they are.
 */
export function negotiateDeflate(
  value: string | undefined,
  mode: DeflateMode,
): DeflateAgreement | undefined {
  if (mode === "off" || value === undefined) return undefined;
  for (const offer of parseExtensions(value) ?? []) {
    const agreement = agree(offer, mode);
    if (agreement !== undefined) return agreement;
  }
  return undefined;
}

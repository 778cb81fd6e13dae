/**
 * What a connection may be doing when something happens to it: each stage of its life, from before the first byte on.
 * @module
 */
import { addressOf, post, UPGRADE } from "./channels.ts";
import { clientFrame } from "./frames.ts";
import { join } from "./raw.ts";
import { ResettingClient } from "./reset.ts";
import { isEncrypted } from "./way.ts";

/** A stage. */
export interface Stage {
  /** What it does. */
  what: string;
  /** What the client has sent. */
  sends: string | Uint8Array;
  /** What has come by then. The client reads no more. */
  until?: RegExp;
  /** Whether TLS has not been spoken; there is no such stage without. */
  bare?: boolean;
  /** How all that it is told ends where the server shuts down; `undefined` where it reads no more. */
  told?: RegExp;
}

function request(line: string, fields: Record<string, string | undefined> = {}): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\nHost: localhost\r\n${lines.join("")}\r\n`;
}

const SUBSCRIBE = request("GET /stages", UPGRADE), OPEN = /^HTTP\/1\.1 101 [^]*\r\n\r\n/;
// What is told: an answer, frames, or the last chunk of a stream.
// deno-lint-ignore no-control-regex
const CLOSED = /\x88\x02\x03\xe8$/, GOING_AWAY = /\x88\x0f\x03\xe9shutting down$/;
const OK = /"ok"}$/, NOTHING = /^$/;
const LONG = "stages/long";

/** All of them, in the order of a connection's life. */
const STAGES: readonly Stage[] = [
  { what: "TLS has not begun", sends: "", bare: true, told: NOTHING },
  { what: "half a hello of TLS", sends: "\x16\x03\x01\x02\x00\x01\x00", bare: true, told: NOTHING },
  { what: "nothing said", sends: "", told: NOTHING },
  { what: "half a head", sends: "GET / HTTP/1.1\r\nHost: loc", told: NOTHING },
  {
    what: "half a body",
    sends: request("POST /stages", { "Content-Length": "5" }) + "he",
    told: NOTHING,
  },
  { what: "between requests", sends: request("GET /-/health"), until: OK, told: OK },
  {
    what: "an answer that is not read",
    sends: request(`GET /${LONG}`).repeat(4),
    until: /^HTTP\/1\.1 200 /,
  },
  { what: "a subscriber", sends: SUBSCRIBE, until: OPEN, told: GOING_AWAY },
  {
    what: "half a frame",
    sends: join(SUBSCRIBE, clientFrame(0x81, new Uint8Array(100)).subarray(0, 50)),
    until: OPEN,
    told: GOING_AWAY,
  },
  {
    what: "the first fragment of a message",
    sends: join(SUBSCRIBE, clientFrame(0x01, new Uint8Array(9))),
    until: OPEN,
    told: GOING_AWAY,
  },
  {
    what: "what was missed, and is not read",
    sends: request(`GET /${LONG}?since=all`, UPGRADE),
    until: OPEN,
  },
  {
    what: "a stream of events",
    sends: request("GET /stages", { Accept: "text/event-stream" }),
    until: /"gap":false}\n\n\r\n$/,
    told: /\r\n0\r\n\r\n$/,
  },
  {
    what: "a close that was answered",
    sends: join(SUBSCRIBE, clientFrame(0x88, Uint8Array.of(3, 232))),
    until: CLOSED,
    told: CLOSED,
  },
];

/** The stages that there are, as the test's bytes go. */
export function stages(): Stage[] {
  return STAGES.filter(({ bare = false }) => !bare || isEncrypted());
}

/** Publishes what is not read at some stages: more than the buffers of a system hold. */
export async function prepare(service: { port: number }): Promise<void> {
  for (let i = 0; i < 12; i++) await post(service, LONG, "x".repeat(1 << 20));
}

/** Brings a connection to a stage. */
export async function reach(
  { port }: { port: number },
  { sends, until, bare }: Stage,
): Promise<ResettingClient> {
  const client = await ResettingClient.connect(addressOf(port), bare);
  if (sends.length > 0) await client.send(sends);
  if (until !== undefined) await client.until(until);
  return client;
}

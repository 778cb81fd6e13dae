/**
 * The whole service on one connection, in memory: requests, handshakes, streams of events, frames and envelopes. What is
 * answered and what is published is the same however it arrives, and never a fault of ours.
 * @module
 */
import { setImmediate } from "node:timers";
import { createAuthorize } from "../../lib/auth/auth.ts";
import { MemoryEngine } from "../../lib/engine/memory.ts";
import { Hub } from "../../lib/hub/hub.ts";
import { Backlog } from "../../lib/net/backlog.ts";
import { Callers } from "../../lib/net/callers.ts";
import { Clock } from "../../lib/net/clock.ts";
import { Connection } from "../../lib/net/connection.ts";
import type { ConnectionContext } from "../../lib/net/context.ts";
import type { Conn } from "../../lib/net/conn.ts";
import { OwnTaps } from "../../lib/service/board.ts";
import { frameForms } from "../../lib/service/forms.ts";
import { Publishes } from "../../lib/service/publishes.ts";
import { createRoutes } from "../../lib/service/routes.ts";
import { ownCounters } from "../../lib/service/tally.ts";
import { type Config, defaults } from "../../lib/settings/config.ts";
import { concat, toHex, utf8 } from "../tools/bytes.ts";
import { clientFrame } from "../tools/frames.ts";
import { textOf } from "../tools/raw.ts";
import { hold, type Outcome, pieces, type Target } from "./target.ts";
import { alone } from "../tools/alone.ts";

/** Small limits, and none by the second. */
const CONFIG: Config = {
  ...defaults,
  ...{ messageRate: 0, pingRate: 0, maxMessage: 4096, maxFragments: 16, maxChannels: 8 },
  ...{ history: 8, historyAge: 3_600_000, tickerInterval: 3_600_000, deflateThreshold: 64 },
};
const silent = () => {};
const log = { debug: silent, info: silent, warn: silent, error: silent };
const counts = ownCounters().row;
const forms = frameForms(CONFIG.deflateThreshold);
/** So many turns without a word: there is none to come. */
const QUIET = 3;

/** A connection whose bytes come in pieces that are given. */
class Wire implements Conn {
  readonly remoteAddr: Deno.Addr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
  /** What was written. */
  readonly written: Uint8Array[] = [];
  readonly #pieces: Uint8Array[];
  #closed = false;

  constructor(pieces: Uint8Array[]) {
    this.#pieces = pieces.filter(({ length }) => length > 0);
  }

  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    await Promise.resolve();
    if (this.#closed) throw new Deno.errors.BadResource("closed");
    const piece = this.#pieces[0];
    if (piece === undefined) {
      // The peer ends its side when nothing more comes.
      for (let quiet = 0, seen = this.written.length; quiet < QUIET; quiet++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (this.written.length > seen) quiet = -1;
        seen = this.written.length;
      }
      if (this.#closed) throw new Deno.errors.Interrupted("closed");
      return null;
    }
    const taken = piece.subarray(0, into.length);
    into.set(taken);
    if (taken.length === piece.length) this.#pieces.shift();
    else this.#pieces[0] = piece.subarray(taken.length);
    return taken.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(new Deno.errors.BadResource("closed"));
    this.written.push(bytes.slice());
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#closed = true;
  }
}

/** What one connection came to. */
interface Session {
  written: Uint8Array;
  published: string[];
  refused: string[];
}

let clock: Clock | undefined;

/** Ends what the sessions have in common. */
export function endSessions(): void {
  clock?.stop();
  clock = undefined;
}

/** Serves one connection, with a memory of its own. */
async function serve(input: Uint8Array, cuts: readonly number[]): Promise<Session> {
  clock ??= new Clock(1000);
  const engine = new MemoryEngine(CONFIG, () => 0, "epoch");
  const published: string[] = [], refused: string[] = [], faults: unknown[] = [];
  const publish = engine.publish.bind(engine);
  engine.publish = (draft, subscribers, key) => {
    published.push(`${draft.channel} ${draft.kind} ${key} ${toHex(draft.body)}`);
    return publish(draft, subscribers, key);
  };
  const fault = (error: unknown) => void faults.push(error);
  const handle = createRoutes({
    ...{ config: CONFIG, log, fault, forms, taps: new OwnTaps(), ...alone(new Hub(engine)) },
    publishes: new Publishes(counts),
    overrun: silent,
    authorize: createAuthorize(CONFIG),
    admit: undefined,
    around: undefined,
    draining: () => false,
    metrics: () => Promise.resolve(""),
  });
  const watch = {
    refused: (_: unknown, { status, message }: { status: number; message: string }) =>
      void refused.push(`${status} ${message}`),
  };
  const context: ConnectionContext = {
    ...{ handle, settings: CONFIG, clock, fault, watch, counts, draining: false },
    ...{ callers: new Callers(), backlog: new Backlog() },
  };
  const wire = new Wire(pieces(input, cuts));
  await new Connection(wire, context).serve();
  await engine.close();
  if (faults.length > 0) throw faults[0];
  return { written: concat(...wire.written), published, refused };
}

/** Frames that the server wrote, by what their order is promised for: data, and control. */
function readFrames(bytes: Uint8Array): { data: string[]; control: string[]; close: string[] } {
  const data: string[] = [], control: string[] = [], close: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at]!, short = bytes[at + 1]!;
    hold(short < 128, "the server masks a frame");
    const size = short < 126 ? 2 : short === 126 ? 4 : 10;
    let length = short;
    if (size > 2) length = bytes.subarray(at + 2, at + size).reduce((sum, b) => sum * 256 + b, 0);
    const end = at + size + length;
    hold(end <= bytes.length, "the server's last frame is cut short");
    const frame = toHex(bytes.subarray(at, end));
    hold(close.length === 0, "the server sends a frame behind its close");
    if (first === 0x88) close.push(frame);
    else if ((first & 0x0f) > 7) control.push(frame);
    else data.push(frame);
    at = end;
  }
  return { data, control, close };
}

/** The head of a handshake's answer, behind whatever was answered before. */
const SWITCHED = /(?:^|\n)HTTP\/1\.1 101 [^\r]*\r\n(?:[^\r]+\r\n)*\r\n/;
const STATUS = /(?:^|\r\n)HTTP\/1\.1 (\d{3}) /g;
const STATUSES = [100, 101, 200, 204, 304, 400, 401, 403, 404, 405, 408, 409, 411, 413, 414, 415]
  .concat([417, 421, 426, 429, 431, 501, 503, 505]);

/** What is sent back, by what its order is promised for. */
interface Written {
  answers: string;
  statuses: number[];
  data: string[];
  control: string[];
  close: string[];
}

/**
 * Reads what a server wrote on one connection.
 * @throws If that is not what a server may write.
 */
export function readWritten(written: Uint8Array): Written {
  const text = textOf(written);
  const match = SWITCHED.exec(text);
  const upgraded = match === null ? text.length : match.index + match[0].length;
  const answers = text.slice(0, upgraded)
    .replace(/\r\nDate: [^\r]*/g, "")
    // Nobody is asked for a body that is there.
    .replaceAll("HTTP/1.1 100 Continue\r\n\r\n", "");
  const statuses = [...answers.matchAll(STATUS)].map(([, status]) => Number(status));
  for (const status of statuses) hold(STATUSES.includes(status), `answered ${status}`);
  return { answers, statuses, ...readFrames(written.subarray(upgraded)) };
}

/** A session as it must be seen whichever way its bytes came. */
function outcome({ written, published, refused }: Session): Outcome {
  const { answers, statuses, data, control, close } = readWritten(written);
  // Who closes asks for no more answers: how many of them left before is for chance to say.
  const answered = close.length > 0 ? [] : data;
  const seen = JSON.stringify([answers, answered, control, close, published, refused]);
  // What an envelope answers begins with what sort of answer it is.
  const said = data.slice(0, 4).map((frame) => frame.slice(0, 2) + frame.slice(4, 24)).join(" ");
  const kind = `${statuses.slice(0, 4)} ${said} ${close.map((c) => c.slice(4, 8))} ` +
    `${published.length > 0} ${refused.slice(0, 1)}`;
  return { seen, kind };
}

/** Signing and inflating are no worse than this, and nor is Deno's loop; in ms. */
const patient = ({ length }: Uint8Array) => 60 + length / 100;

/** A target whose inputs become the bytes of a connection. */
export interface ServiceTarget extends Target {
  /** The bytes of an input, and where they are cut. */
  sent(input: Uint8Array, cuts: readonly number[]): { bytes: Uint8Array; cuts: number[] };
}

function serviceTarget(name: string, sent: ServiceTarget["sent"]): ServiceTarget {
  return {
    name,
    share: 10,
    sent,
    async run(input, cuts) {
      const { bytes, cuts: places } = sent(input, cuts);
      return outcome(await serve(bytes, places));
    },
    time: patient,
  };
}

/** Bytes of a connection as they are. */
export const connections: ServiceTarget = serviceTarget(
  "connections",
  (bytes, cuts) => ({ bytes, cuts: [...cuts] }),
);

const HANDSHAKE = "HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const PATHS = ["/-/echo", "/btc", "/btc?since=all", "/", "/btc,eth", "/-/tap/abcdefghijklmnop"];

/** Frames behind a good handshake; the first byte says where to, and with which extension. */
export const sockets: ServiceTarget = serviceTarget("sockets", (input, cuts) => {
  const choice = input[0] ?? 0;
  const path = PATHS[choice % PATHS.length]!;
  const offer = choice & 0x80 ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : "";
  const head = utf8(`GET ${path} ${HANDSHAKE}${offer}\r\n`);
  return {
    bytes: concat(head, input.subarray(1)),
    cuts: cuts.map((cut) => cut - 1 + head.length).filter((cut) => cut > head.length),
  };
});

const NO_KEY = new Uint8Array(4);
/** Most lines of one envelope. */
const LINES = 64;

/** What a client says in an envelope, a line each. */
export const envelopes: ServiceTarget = serviceTarget("envelopes", (input, cuts) => {
  const frames: Uint8Array[] = [];
  let at = 0;
  for (let end = 0; end <= input.length && frames.length < LINES; end++) {
    if (end < input.length && input[end] !== 10) continue;
    frames.push(clientFrame(0x81, input.subarray(at, end), NO_KEY));
    at = end + 1;
  }
  const bytes = concat(utf8(`GET /btc?since=all ${HANDSHAKE}\r\n`), ...frames);
  const places = cuts.map((cut) => Math.floor(cut * bytes.length / input.length));
  return { bytes, cuts: [...new Set(places)].filter((cut) => cut > 0 && cut < bytes.length) };
});

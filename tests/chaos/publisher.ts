/**
 * Publishers whose connections are cut: over HTTP under keys, so that each message is published once whatever
 * happens; over HTTP or WebSocket without, so that what was not acknowledged may or may not have been.
 * @module
 */
import { answers } from "../tools/answers.ts";
import { concat, utf8 } from "../tools/bytes.ts";
import type { Progress } from "./progress.ts";
import type { Random } from "./random.ts";
import { Reader, textFrame, upgrade, Wire } from "./wire.ts";

/** A message to publish. */
export interface Letter {
  /** Its number among all that are to be published. */
  n: number;
  /** Where to. */
  channel: string;
  /** Its content, as JSON. */
  text: string;
}

/** How somebody publishes: over HTTP under keys or without, or over WebSocket. */
export type PublisherKind = "http" | "plain" | "ws";

/** What came of one. */
export interface Outcome extends Letter {
  /** The id that it was acknowledged with; `undefined` if it was not. */
  id: string | undefined;
}

/** What a publish was answered: an id, that it was certainly not published, or nothing that says. */
type Answered = string | typeof REFUSED | undefined;
const REFUSED = Symbol("refused");

/** How often a connection is cut in the midst of a batch. */
const CUTS = 0.05;
/** Most that is sent before an answer is awaited. */
const BATCH = 16;

/** Sends one batch and waits for its answers, unless the connection is cut. Gives the answers that came. */
type Send = (letters: Letter[], cutAt: number) => Promise<Answered[]>;

/** Publishes all of it. Gives what came of each. */
export async function publishAll(
  kind: PublisherKind,
  letters: Letter[],
  port: number,
  random: Random,
  progress: Progress,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const { send, end } = kind === "ws"
    ? webSocket(port, random, progress)
    : http(kind === "http", port, random, progress);
  let rest = letters;
  while (rest.length > 0 && !progress.over) {
    const batch = rest.slice(0, random.between(1, BATCH));
    const cut = !progress.calm && random.chance(CUTS);
    const answered = await send(batch, cut ? random.next() : Infinity);
    const open = answered.findIndex((answer) => typeof answer !== "string");
    if (open >= 0) await progress.there;
    // Under a key what was not acknowledged is sent again; without, only what was certainly not published.
    const again = batch.filter((_, i) =>
      kind === "http" ? open >= 0 && i >= open : answered[i] === REFUSED
    );
    for (const [i, letter] of batch.entries()) {
      const id = answered[i];
      if (id !== REFUSED && !again.includes(letter)) outcomes.push({ ...letter, id });
    }
    rest = [...again, ...rest.slice(batch.length)];
  }
  await end();
  return outcomes;
}

/** One connection after another; gathers what each is told until so much is there, or it is over. */
function connections(
  open: (take: () => void) => { wire: Wire; count: () => number },
  progress: Progress,
) {
  let current: { wire: Wire; count: () => number } | undefined;
  let more = () => {};
  return {
    /** Sends a batch, all of it or a share. Resolves when it is answered, or cut. */
    async exchange(bytes: Uint8Array, answered: number, share: number, random: Random) {
      current ??= open(() => more());
      const { wire, count } = current;
      const wanted = count() + answered;
      const cut = share <= 1;
      let over = cut;
      // Some are cut while they are sent, some once all of it is there.
      const size = cut && random.chance(0.7) ? Math.floor(bytes.length * share) : bytes.length;
      await wire.send(bytes.subarray(0, size));
      if (cut) {
        wire.cut(random.pick(["RST", "FIN"]));
        await wire.closed;
      } else {
        const there = new Promise<void>((resolve) => {
          more = () => count() >= wanted && resolve();
          more();
        });
        await Promise.race([there, wire.closed]);
        over = count() < wanted;
        if (over && !progress.mortal) throw new Error("the server ended a publisher's connection");
      }
      if (over) current = undefined;
    },
    async end() {
      current?.wire.cut("FIN");
      await current?.wire.closed;
    },
  };
}

/** What an answer other than a receipt says: a server that is killed may refuse, and it may not know. */
function refusal(text: string, progress: Progress): typeof REFUSED | undefined {
  if (!progress.mortal) throw new Error(`a publish was answered ${text}`);
  return /uncertain/.test(text) ? undefined : REFUSED;
}

interface Connected {
  send: Send;
  end: () => Promise<void>;
}

function http(keyed: boolean, port: number, random: Random, progress: Progress): Connected {
  const name = random.between(0, 1e9);
  let received: Uint8Array[] = [];
  const read = () => answers(received.length === 1 ? received[0]! : concat(...received));
  const { exchange, end } = connections((told) => {
    received = [];
    const wire = new Wire(port, (bytes) => {
      received.push(bytes);
      told();
    });
    return { wire, count: () => received.length === 0 ? 0 : read().length };
  }, progress);
  const send: Send = async (letters, share) => {
    received = [];
    const requests = letters.map(({ n, channel, text }) => {
      const body = utf8(text);
      const head = `POST /${channel} HTTP/1.1\r\nHost: localhost\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` +
        `${keyed ? `Idempotency-Key: ${name}-${n}\r\n` : ""}\r\n`;
      return concat(utf8(head), body);
    });
    await exchange(concat(...requests), letters.length, share, random);
    const replies = received.length === 0 ? [] : read();
    return letters.map((_, i) => {
      const reply = replies[i];
      if (reply?.status === 200) return JSON.parse(reply.body).id;
      if (reply !== undefined) return refusal(`${reply.status} ${reply.body}`, progress);
    });
  };
  return { send, end };
}

function webSocket(port: number, random: Random, progress: Progress): Connected {
  const answered = new Map<number, Answered>();
  let count = 0;
  const { exchange, end } = connections((told) => {
    const reader = new Reader(
      "ws",
      (text) => {
        const reply = JSON.parse(text);
        if (reply.open !== undefined) return;
        answered.set(reply.ref, reply.id ?? refusal(text, progress));
        count++;
      },
      undefined,
      progress.mortal,
    );
    const wire = new Wire(port, (bytes) => {
      reader.push(bytes);
      told();
      if (reader.closeCode > 0 || reader.refused) wire.cut("FIN");
    });
    wire.send(upgrade("/publishers"));
    return { wire, count: () => count };
  }, progress);
  const send: Send = async (letters, share) => {
    const frames = letters.map(({ n, channel, text }) =>
      textFrame(`{"pub":"${channel}","data":${text},"ref":${n}}`)
    );
    await exchange(concat(...frames), letters.length, share, random);
    return letters.map(({ n }) => answered.get(n));
  };
  return { send, end };
}

/**
 * Publishers whose connections are cut: over HTTP under keys, so that each message is published once whatever
 * happens; over WebSocket without, so that what was not acknowledged may or may not have been.
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

/** What came of one. */
export interface Outcome extends Letter {
  /** The id that it was acknowledged with; `undefined` if it was not. */
  id: string | undefined;
}

/** How often a connection is cut in the midst of a batch. */
const CUTS = 0.05;
/** Most that is sent before an answer is awaited. */
const BATCH = 16;

/** Sends one batch and waits for its answers, unless the connection is cut. Gives the ids that came. */
type Send = (letters: Letter[], cutAt: number) => Promise<(string | undefined)[]>;

/** Publishes all of it. Gives what came of each. */
export async function publishAll(
  kind: "http" | "ws",
  letters: Letter[],
  port: number,
  random: Random,
  progress: Progress,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const { send, end } = kind === "http" ? http(port, random) : webSocket(port, random);
  let rest = letters;
  while (rest.length > 0 && !progress.over) {
    const batch = rest.slice(0, random.between(1, BATCH));
    const cut = !progress.calm && random.chance(CUTS);
    const ids = await send(batch, cut ? random.next() : Infinity);
    // Under a key what was not acknowledged is sent again.
    const done = kind === "ws" ? batch.length : ids.findIndex((id) => id === undefined);
    const count = done < 0 ? batch.length : done;
    outcomes.push(...batch.slice(0, count).map((letter, i) => ({ ...letter, id: ids[i] })));
    rest = rest.slice(count);
  }
  await end();
  return outcomes;
}

/** One connection after another; gathers what each is told until so much is there, or it is over. */
function connections(open: (take: () => void) => { wire: Wire; count: () => number }) {
  let current: { wire: Wire; count: () => number } | undefined;
  let more = () => {};
  return {
    /** Sends a batch, all of it or a share. Resolves when it is answered, or cut. */
    async exchange(bytes: Uint8Array, answered: number, share: number, random: Random) {
      current ??= open(() => more());
      const { wire, count } = current;
      const wanted = count() + answered;
      const cut = share <= 1;
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
        if (count() < wanted) throw new Error("the server ended a publisher's connection");
      }
      if (cut) current = undefined;
    },
    async end() {
      current?.wire.cut("FIN");
      await current?.wire.closed;
    },
  };
}

function http(port: number, random: Random): { send: Send; end: () => Promise<void> } {
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
  });
  const send: Send = async (letters, share) => {
    received = [];
    const requests = letters.map(({ n, channel, text }) => {
      const body = utf8(text);
      const head = `POST /${channel} HTTP/1.1\r\nHost: localhost\r\n` +
        "Content-Type: application/json\r\n" +
        `Idempotency-Key: ${name}-${n}\r\nContent-Length: ${body.length}\r\n\r\n`;
      return concat(utf8(head), body);
    });
    await exchange(concat(...requests), letters.length, share, random);
    const replies = received.length === 0 ? [] : read();
    for (const { status, body } of replies) {
      if (status !== 200) throw new Error(`${status} ${body}`);
    }
    return letters.map((_, i) => replies[i] && JSON.parse(replies[i].body).id);
  };
  return { send, end };
}

function webSocket(port: number, random: Random): { send: Send; end: () => Promise<void> } {
  const ids = new Map<number, string>();
  let count = 0;
  const { exchange, end } = connections((told) => {
    const reader = new Reader("ws", (text) => {
      const reply = JSON.parse(text);
      if (reply.open !== undefined) return;
      if (typeof reply.id !== "string") throw new Error(`a publish was answered ${text}`);
      ids.set(reply.ref, reply.id);
      count++;
    });
    const wire = new Wire(port, (bytes) => {
      reader.push(bytes);
      told();
    });
    wire.send(upgrade("/publishers"));
    return { wire, count: () => count };
  });
  const send: Send = async (letters, share) => {
    const frames = letters.map(({ n, channel, text }) =>
      textFrame(`{"pub":"${channel}","data":${text},"ref":${n}}`)
    );
    await exchange(concat(...frames), letters.length, share, random);
    return letters.map(({ n }) => ids.get(n));
  };
  return { send, end };
}

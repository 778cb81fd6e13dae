/**
 * Plays a case against a server that runs, and says what came of it.
 * @module
 */
import { addressOf } from "../tools/channels.ts";
import { bytesOf, RawClient, textOf } from "../tools/raw.ts";
import { type Case, END, type Step } from "./case.ts";
import { transcript } from "./transcript.ts";

/** What came of a case. */
export interface Played {
  gets: string[];
  /** Where it came from: what is logged of it names this port. */
  port: number;
}

/**
 * Plays it.
 * @param drip Whether each byte is sent by itself.
 */
export async function play([, does, expected]: Case, port: number, drip: boolean): Promise<Played> {
  using client = await RawClient.connect(addressOf(port));
  const steps = Array.isArray(does) ? does : [does];
  const head = steps.some((step) => typeof step === "string" && step.startsWith("HEAD ")) ||
    steps[0] instanceof Uint8Array && textOf(steps[0].subarray(0, 5)) === "HEAD ";
  const got = () => transcript(client.received, head);
  for (const step of steps) {
    if (typeof step === "number") await client.until(() => got().length >= step);
    else if (step === END) await client.end();
    else await send(client, bytesOf(sent(step, client)), drip);
  }
  const ends = expected.at(-1) === "end";
  const lines = ends ? expected.length - 1 : expected.length;
  if (!ends && !steps.includes(END)) {
    // It is open as long as it is answered whatever else comes; what comes too much is seen behind the end.
    await client.until(() => got().length >= lines);
    await client.end();
  }
  await client.readAll();
  const by = client.ended === "FIN" ? "end" : "reset";
  return { gets: ends ? [...got(), by] : got(), port: client.port };
}

function sent(step: Exclude<Step, number>, client: RawClient): string | Uint8Array {
  return typeof step === "function" ? step(textOf(client.received)) : step;
}

/** Who is refused early need not take the rest: what it was told is read all the same. */
async function send(client: RawClient, bytes: Uint8Array, drip: boolean): Promise<void> {
  try {
    if (drip) await client.drip(bytes);
    else await client.send(bytes);
  } catch (error) {
    const gone = [Deno.errors.BrokenPipe, Deno.errors.ConnectionReset];
    if (!gone.some((kind) => error instanceof kind)) throw error;
  }
}

/** What is logged of a case, by what it gets: why it is refused, or ended abnormally. */
export function logged([, , gets, logs]: Case): string[] {
  if (logs !== undefined) return logs;
  return gets.flatMap((line) => {
    const refused = /^(4\d\d|5\d\d)c (.*?)(?: \[.*\])?$/.exec(line);
    // A link that leads nowhere is nobody's mistake.
    if (refused !== null && !["404", "405"].includes(refused[1]!)) {
      return [`refused ${refused[1]} ${refused[2]}`];
    }
    const closed = /^close (10(?:0[2-9]|1\d)) (.+)$/.exec(line);
    return closed === null ? [] : [`ended abnormally ${closed[1]} ${closed[2]}`];
  });
}

/**
 * Frames of a client (RFC 6455, 5), plain and compressed (RFC 7692): events and frames, the same however they are cut.
 * @module
 */
import { inflateRawSync } from "node:zlib";
import { isCloseCode, ProtocolError } from "../../lib/websocket/close.ts";
import { Inflater, STEP } from "../../lib/websocket/deflate.ts";
import { isUtf8, Utf8Validator } from "../../lib/websocket/utf8.ts";
import { concat, toHex } from "../tools/bytes.ts";
import { agreed, inflateAll, SHARED, SMALL, TAIL, TAKEOVER } from "../tools/deflate.ts";
import { outcome } from "../tools/frames.ts";
import { hold, linear, type Outcome, type Target } from "./target.ts";

const LIMITS = { maxMessage: 4096, maxFragments: 16 };
/** How the protocol can fail a connection by itself. */
const FAILURES = [1002, 1007, 1008, 1009];

function judge(log: string[]): Outcome {
  const end = log.at(-1)!;
  const closes = log.filter((line) => line.startsWith("wrote 88"));
  hold(
    closes.length === (end === "open" ? 0 : 1),
    `${closes.length} close frames, and it is ${end}`,
  );
  if (end !== "open") hold(log.at(-2) === closes[0], "something follows the close frame");
  const [, code, clean] = /^closed (\d+)( clean)?/.exec(end) ?? [];
  if (code !== undefined && clean === undefined) {
    hold(FAILURES.includes(Number(code)), `it fails with ${code}`);
  } else if (code !== undefined) {
    hold(code === "1005" || isCloseCode(Number(code)), `the close has ${code}`);
  }
  const sorts = log.slice(0, 8).map((line) => line.split(" ", 2).join(" ")).join(",");
  return { seen: log.join("\n"), kind: `${sorts} ${end.slice(0, 40)}` };
}

/** Frames without an extension. */
export const frames: Target = {
  name: "frames",
  share: 40,
  run: (input, cuts) => judge(outcome(input, cuts, LIMITS)),
};

/** Frames with the extension; the first byte says what was agreed on. */
export const compressed: Target = {
  name: "compressed",
  share: 20,
  run(input, cuts) {
    const parameters = [SHARED, TAKEOVER, SMALL][(input[0] ?? 0) % 3]!;
    const own = cuts.map((cut) => cut - 1).filter((cut) => cut > 0);
    return judge(outcome(input.subarray(1), own, LIMITS, agreed(parameters)));
  },
  // A few bytes inflate to the largest message, and a frame that inflates to little costs a step all the same.
  time: (input) => linear(input) + 20 + input.length / 100,
};

/** Empty blocks with BFINAL, of both kinds: behind either a stream is whole, if it was at the end of a block. */
const LAST = [Uint8Array.of(0x03, 0x00), Uint8Array.of(0x01, 0x00, 0x00, 0xff, 0xff)];

/** What zlib makes of a message that ends where a block does: its bytes, or why it does not. */
function zlib(payload: Uint8Array, maxOutputLength: number): string {
  try {
    const [one, other] = LAST.map((last) =>
      toHex(new Uint8Array(inflateRawSync(concat(payload, TAIL, last), { maxOutputLength })))
    );
    return one === other ? one! : "ends within a block";
  } catch (error) {
    return `${(error as { code?: string }).code}`;
  }
}

/** One compressed message, in any steps, and as zlib has it. */
export const deflated: Target = {
  name: "deflated",
  share: 20,
  run(input) {
    let own: string;
    let most = 0;
    const inflater = new Inflater(false);
    try {
      const message = inflateAll(inflater, input, LIMITS.maxMessage, (size) => most = size);
      own = toHex(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      own = String(error.code);
    }
    // A step is done before its outcome is looked at.
    hold(most <= LIMITS.maxMessage + STEP, `${most} bytes are inflated`);
    // zlib's stream ends at BFINAL; a message goes on (RFC 7692, 7.2.3.4), and what is behind it is read here alone. A
    // message of no bytes, which is no stream, is an empty one here.
    const ended = endsEarly(input) || input.length === 0;
    const theirs = zlib(input, LIMITS.maxMessage);
    if (!ended && /^([0-9a-f]{2})*$/.test(theirs)) {
      hold(own === theirs, `zlib inflates to ${theirs}, this to ${own}`);
    } else if (!ended) {
      // What is wrong within the step that passes the limit is seen before it.
      hold(own === "1007" || own === "1009", `zlib says ${theirs} where this gives ${own}`);
    }
    return { seen: own, kind: `${own.length > 4 ? own.length : own} ${ended}` };
  },
  time: (input) => linear(input) + 20,
};

/** Whether a block with BFINAL is in it, before whose end there is no error. */
function endsEarly(payload: Uint8Array): boolean {
  try {
    // Without a flush, only a stream that ends is whole.
    inflateRawSync(concat(payload, TAIL), { maxOutputLength: 1 << 20 });
    return true;
  } catch {
    return false;
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text as it arrives, against the platform's decoder. */
export const texts: Target = {
  name: "texts",
  share: 40,
  run(input, cuts) {
    const validator = new Utf8Validator();
    let good = true, at = 0;
    for (const cut of [...cuts, input.length]) {
      good = good && validator.push(input, at, cut);
      at = cut;
    }
    let right = true;
    try {
      decoder.decode(input);
    } catch {
      right = false;
    }
    hold((good && validator.complete) === right, "it is not what the decoder says of it");
    hold(isUtf8(input) === right, "all at once is not the same");
    return { seen: `${good}`, kind: `${good} ${validator.complete} ${input.length < 9 && input}` };
  },
};

/**
 * `kodama publish --lines`: each line of standard input is a message, for as long as there are any.
 * @module
 */
import type { Command } from "../settings/command.ts";
import { printable } from "../service/log.ts";
import { isPassing } from "./publish.ts";
import { Failure, request, RequestFailure } from "./request.ts";

/** Most lines of one request. */
const MAX_LINES = 1000;
/** What may wait while a request is under way, and the longest line, in characters. */
const MUCH = 1 << 20;
/** Ceiling of the first wait between attempts, and the highest, in ms; doubled after each. */
const WAIT = 500, LONGEST = 30_000;

/** Where lines come from, and what is said of them goes. */
export interface LineStreams {
  input: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Takes a receipt. */
  print: (line: string) => Promise<void>;
  /** Takes a line about what goes wrong. */
  tell: (line: string) => void;
}

/** A line that waits. */
interface Entry {
  /** Which one it is, from 1 on. */
  number: number;
  /** It, as a batch has it. */
  text: string;
}

/**
 * Publishes lines, in their order, and each once: while the server cannot be reached they wait.
 * @throws {Failure} If it is refused to publish at all, or some lines were not taken.
 */
export async function publishLines(
  { url, options }: Extract<Command, { run: "publish" }>,
  { input, print, tell }: LineStreams,
): Promise<void> {
  const channel = decodeURIComponent(url.pathname.slice(1));
  const key = options.key === "" ? crypto.randomUUID() : options.key;
  const batch = new URL(`/-/publish${url.search}`, url);
  const json = options.type.startsWith("application/json");
  let count = 0, refused = 0;

  function refuse(number: number, why: string): void {
    refused++;
    tell(`line ${number}: ${printable(why)}`);
  }

  /** A line as a batch has it; `undefined` where it cannot be published. */
  function entryOf(line: string): Entry | undefined {
    const number = ++count;
    // As it was written: reading it would round its numbers.
    if (json && !isJSON(line)) return void refuse(number, "not JSON");
    const data = json ? line : JSON.stringify(line);
    const name = JSON.stringify(channel);
    return { number, text: `{"ch":${name},"data":${data},"key":"${key}-${number}"}` };
  }

  /** Sends lines until all of them are answered. */
  async function send(entries: Entry[]): Promise<void> {
    for (let failures = 0; entries.length > 0;) {
      const body = entries.map(({ text }) => text + "\n").join("");
      const headers = new Headers({ "Content-Type": "application/x-ndjson" });
      const wait = await request(batch, options.token, { method: "POST", headers, body })
        .then(async (answer) => {
          const answers = answer.trimEnd().split("\n");
          if (answers.length !== entries.length) throw new Failure("what answered is not Kodama");
          const again: Entry[] = [];
          for (const [i, entry] of entries.entries()) {
            const { error, status } = JSON.parse(answers[i]!);
            if (error === undefined) await print(answers[i]!);
            else if (status === 503) again.push(entry);
            else refuse(entry.number, error);
          }
          entries = again;
          return again.length === 0 ? undefined : { after: 0, why: "the server is not ready" };
        }, (error) => {
          if (!(error instanceof RequestFailure && isPassing(error))) throw error;
          return { after: error.retryAfter ?? 0, why: error.message };
        });
      if (wait === undefined) {
        if (failures > 0) tell("published again");
        return;
      }
      if (failures === 0) tell(`${wait.why}; trying again`);
      const delay = Math.random() * Math.min(LONGEST, WAIT * 2 ** failures++);
      await new Promise((resolve) => setTimeout(resolve, wait.after * 1000 + delay));
    }
  }

  for await (const lines of gathered(linesOf(input))) {
    await send(lines.flatMap((line) => entryOf(line) ?? []));
  }
  if (refused > 0) throw new Failure(`${refused} of ${count} lines were not published`);
}

function isJSON(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** The lines of a stream, without their ends; the last need not have one. What is not UTF-8 becomes U+FFFD. */
async function* linesOf(input: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of input.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield line.endsWith("\r") ? line.slice(0, -1) : line;
    if (rest.length > MUCH) throw new Failure(`a line is over ${MUCH} characters`);
  }
  if (rest !== "") yield rest;
}

/** What has come while nobody asked, each time: one line where they are rare, many where they are not. */
async function* gathered(lines: AsyncGenerator<string>): AsyncGenerator<string[]> {
  let waiting: string[] = [], size = 0, ended = false;
  let came = Promise.withResolvers<void>(), room = Promise.withResolvers<void>();
  const reading = (async () => {
    try {
      for await (const line of lines) {
        waiting.push(line);
        size += line.length;
        came.resolve();
        if (waiting.length >= MAX_LINES || size >= MUCH) await room.promise;
      }
    } finally {
      ended = true;
      came.resolve();
    }
  })();
  // It is waited for at the end: what it throws is not thrown before.
  reading.catch(() => {});
  for (;;) {
    await came.promise;
    if (ended && waiting.length === 0) break;
    const taken = waiting;
    [waiting, size] = [[], 0];
    if (!ended) came = Promise.withResolvers();
    room.resolve();
    room = Promise.withResolvers();
    yield taken;
  }
  await reading;
}

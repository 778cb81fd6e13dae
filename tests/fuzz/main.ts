/**
 * Looks for bytes that break something: heads, bodies, frames, deflate streams, envelopes, tokens, cursors, made from
 * `tests/corpus` by chance, whole and cut anywhere.
 *
 *     deno task fuzz [--seconds 60] [--seed N] [--target NAME]
 *
 * Whatever comes, there is a result or the right error, the same however it is cut, in linear time and bounded memory,
 * and what is accepted is what Node accepts (where there is one) but for what is listed in `node.ts`. A finding is told
 * with its smallest input and the command that shows it again; its place is in `tests/cases`, once it is mended. The last
 * line: `N passed, N failed`, a target each.
 * @module
 */
import { setImmediate } from "node:timers";
import { parseArgs } from "node:util";
import { Random } from "../chaos/random.ts";
import { hex } from "../tools/bytes.ts";
import { Asked } from "./asked.ts";
import { corpusOf } from "./corpus.ts";
import { compressed, deflated, frames, texts } from "./frames.ts";
import { fault, type Finding, Fuzzer, told } from "./fuzz.ts";
import { LiveServers } from "./live.ts";
import { Memory } from "./memory.ts";
import { differences, startNode } from "./node.ts";
import { requests } from "./requests.ts";
import { connections, endSessions, envelopes, type ServiceTarget, sockets } from "./service.ts";
import { pusherMessages, pusherRequests } from "./pusher.ts";
import type { Target } from "./target.ts";
import { tokens } from "./tokens.ts";
import { cursors, fields, globs, names } from "./values.ts";

const SERVICE: ServiceTarget[] = [connections, sockets, envelopes];
const TARGETS: Target[] = [requests, frames, compressed, deflated, texts, cursors, names, globs]
  .concat([fields, tokens, pusherMessages, pusherRequests, ...SERVICE]);
/** Rounds between two conversations with servers that run. */
const LIVE_EVERY = 5;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    target: { type: "string" },
    hex: { type: "string" },
    cut: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
if (!(seconds > 0) || !Number.isSafeInteger(seed)) {
  throw new TypeError("--seconds and --seed are numbers");
}
const chosen = TARGETS.filter(({ name }) => name === (values.target ?? name));
if (chosen.length === 0) {
  throw new TypeError(`--target is one of ${TARGETS.map(({ name }) => name).join(", ")}`);
}

/** An input, and where it is cut. */
type Chosen = ReturnType<Fuzzer["next"]>;

function everyByte({ length }: Uint8Array): number[] {
  return Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
}

/** What is found. */
const findings: Finding[] = [];

if (values.hex !== undefined) await once(hex(values.hex));
else await fuzz();
endSessions();

/** One input, again. */
async function once(input: Uint8Array): Promise<void> {
  const [target] = chosen as [Target];
  const cuts = values.cut ? everyByte(input) : [];
  let what = await fault(target, input, cuts);
  if (what === undefined && target === requests) {
    await using node = await startNode();
    if (node !== undefined) [what] = await differences(node, [input]);
  }
  console.log(what ?? `nothing: ${JSON.stringify(await target.run(input.slice(), cuts))}`);
  if (what !== undefined) Deno.exitCode = 1;
}

function found(finding: Finding): void {
  findings.push(finding);
  console.log(told(finding));
}

/** Looks until the time is over, or every target has a finding. */
async function fuzz(): Promise<void> {
  console.log(`--seed ${seed} --seconds ${seconds}`);
  const random = new Random(seed), began = performance.now(), until = began + seconds * 1000;
  const fuzzers = chosen.map((target) => {
    const corpus = corpusOf(target.name).map(({ bytes }) => bytes);
    return { fuzzer: new Fuzzer(target, corpus, random.fork()), corpus };
  });
  await using node = chosen.includes(requests) ? await startNode() : undefined;
  const live = chosen.some((target) => "sent" in target);
  await using servers = live ? await LiveServers.start() : undefined;
  const asked = new Asked(node, found), memory = new Memory();
  /** Targets that have a finding of their own: the next would be it again. */
  const broken = new Set<Target>();
  /** Looks at one input in every way. Returns whether all is well. */
  const look = async (fuzzer: Fuzzer, { input, cuts }: Chosen, alive = false): Promise<boolean> => {
    const { target } = fuzzer;
    let finding = await fuzzer.look(input, cuts);
    if (finding === undefined && target === requests) await asked.take(input);
    if (finding === undefined && alive && "sent" in target) {
      const sent = (target as ServiceTarget).sent(input, cuts);
      const what = await servers?.look(sent.bytes, sent.cuts);
      finding = what === undefined ? undefined : { target: target.name, what, input, cuts };
    }
    if (finding === undefined) return true;
    found(finding);
    broken.add(target);
    return false;
  };

  for (const { fuzzer, corpus } of fuzzers) {
    for (const input of corpus) await look(fuzzer, { input, cuts: everyByte(input) });
  }
  for (let round = 1; performance.now() < until && broken.size < fuzzers.length; round++) {
    for (const { fuzzer } of fuzzers) {
      for (let i = 0; i < fuzzer.target.share && !broken.has(fuzzer.target); i++) {
        if (!await look(fuzzer, fuzzer.next(), i === 0 && round % LIVE_EVERY === 0)) break;
      }
    }
    // What is freed is freed between two turns.
    await new Promise((resolve) => setImmediate(resolve));
    memory.look();
  }
  await asked.flush();
  const left = await servers?.left();

  for (const { fuzzer: { target, inputs, kinds } } of fuzzers) {
    console.log(`  ${target.name}: ${inputs} inputs, ${kinds} kinds of outcomes`);
  }
  const total = fuzzers.reduce((sum, { fuzzer }) => sum + fuzzer.inputs, 0);
  const time = Math.round((performance.now() - began) / 1000);
  console.log(
    `  ${total} inputs in ${time} s, ${findings.length} findings; memory ${memory.told()}`,
  );
  if (node !== undefined) {
    console.log(`  ${asked.count} of them compared with the parser of Node ${node.version}`);
  } else if (chosen.includes(requests)) {
    console.log("  compared with Node's parser ... ignored: node is not there");
  }
  if (servers !== undefined) {
    console.log(
      `  ${servers.connections} connections to servers that run: ${left ?? "all are gone"}`,
    );
  }
  const failing = new Set(findings.map(({ target }) => target)).size;
  const failed = failing + (left === undefined ? 0 : 1) + (memory.grown ? 1 : 0);
  const checks = fuzzers.length + (servers === undefined ? 0 : 1) + (memory.looked ? 1 : 0);
  console.log(`${checks - failed} passed, ${failed} failed`);
  if (failed > 0) Deno.exitCode = 1;
}

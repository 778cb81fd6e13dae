/**
 * All cases.
 * @module
 */
import { chunked, cutBodies, framings, goodBodies } from "./bodies.ts";
import type { Table } from "./case.ts";
import { deflate, takeover } from "./compression.ts";
import { ends, pipelines, slow } from "./connections.ts";
import { envelopes, lastWords, raw } from "./envelopes.ts";
import { closes, encodings, framing } from "./frames.ts";
import { headerFields, requestLines } from "./heads.ts";
import { heads, messages, rates } from "./limits.ts";
import { published, refusals } from "./publishing.ts";
import { choices, events, ticker } from "./streams.ts";
import { channelNames, cursors, paths } from "./targets.ts";
import { tokens } from "./tokens.ts";
import { upgrades } from "./upgrades.ts";

/** Each by its subject. */
export const TABLES: Table[] = [
  ...[requestLines, headerFields, framings, chunked, goodBodies, cutBodies, paths, channelNames],
  ...[cursors, refusals, published, upgrades, framing, closes, encodings, deflate, takeover],
  ...[envelopes, raw, lastWords, tokens, heads, messages, rates, pipelines, ends, slow, events],
  ...[choices, ticker],
];

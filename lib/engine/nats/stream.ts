/**
 * The stream: how it is made, that it is ours, and which one it is.
 * @module
 */
import { createHash } from "node:crypto";
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "./client.ts";
import { NatsError } from "./connect.ts";
import { prefixOf } from "./record.ts";

/** What is wanted of a stream. */
export interface StreamWish {
  /** Its name. */
  stream: string;
  /** On how many servers each message is; 0: on as many as it has, and one where it is made. */
  replicas: number;
  /** How old messages get, in ms. */
  historyAge: number;
  /** What it holds, in bytes. */
  historyBytes: number;
}

/** How a stream stands. */
export interface StreamView {
  /** Names this very stream: another of the same name has another. */
  epoch: string;
  /** The number of its first message, which may be still to come. */
  first: number;
  /** The number of the last message that it took; 0: none. */
  last: number;
  /** No message before the first is younger, in ms. */
  gone: number;
  /** The server's time, in ms. */
  now: number;
}

/** For how long the server knows a key, in ms. A stream must remember its messages as long. */
const KEY_AGE = 600_000;
/** Least that a stream holds, in bytes, so that who follows it has the time to. */
const LEAST = 16 << 20;
/** Where its metadata has what names it. */
const ID = "kodama";
/** JetStream's code: a stream of this name is there. */
const IN_USE = 10058;
/** JetStream's code: there is no such stream. */
const NOT_FOUND = 10059;

function configOf(wish: StreamWish): Partial<StreamConfig> {
  return {
    subjects: [`${prefixOf(wish.stream)}.>`],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    // Only at its front do messages go: then the first number says what is missing.
    discard: DiscardPolicy.Old,
    max_age: nanos(Math.max(wish.historyAge, KEY_AGE)),
    max_bytes: Math.max(wish.historyBytes, LEAST),
    max_msgs: -1,
    max_msgs_per_subject: -1,
    max_msg_size: -1,
    allow_rollup_hdrs: false,
    deny_delete: true,
    deny_purge: true,
    duplicate_window: nanos(KEY_AGE),
    allow_direct: true,
    ...wish.replicas > 0 && { num_replicas: wish.replicas },
  };
}

/**
 * Finds the stream, makes it where there is none, and changes it where it differs.
 * @throws {NatsError} If it cannot be as it is wanted.
 */
export async function prepareStream(jsm: JetStreamManager, wish: StreamWish): Promise<StreamView> {
  const config = configOf(wish);
  const found = await find(jsm, wish.stream) ?? await make(jsm, wish.stream, config);
  const foreign = foreignness(found.config, config);
  if (foreign !== undefined) {
    throw new NatsError(`the stream ${wish.stream} is not Kodama's: ${foreign}`);
  }
  const has: Record<string, unknown> = found.config;
  const differs = Object.entries(config).some(([name, value]) =>
    JSON.stringify(has[name] ?? false) !== JSON.stringify(value)
  );
  if (!differs && found.config.metadata?.[ID] !== undefined) return viewOf(found);
  const metadata = { [ID]: newId(), ...found.config.metadata };
  return viewOf(
    await refused(wish.stream, jsm.streams.update(wish.stream, { ...config, metadata })),
  );
}

/** How the stream stands. */
export async function lookAt(jsm: JetStreamManager, stream: string): Promise<StreamView> {
  return viewOf(await jsm.streams.info(stream));
}

/**
 * Gives a stream another name of its own, since it is not what it was; unless it has another already.
 * @param epoch What it was known by.
 */
export async function renameStream(
  jsm: JetStreamManager,
  stream: string,
  epoch: string,
): Promise<void> {
  const { config, ...info } = await jsm.streams.info(stream);
  if (viewOf({ config, ...info }).epoch !== epoch) return;
  await jsm.streams.update(stream, { metadata: { ...config.metadata, [ID]: newId() } });
}

async function find(jsm: JetStreamManager, stream: string): Promise<StreamInfo | undefined> {
  try {
    return await jsm.streams.info(stream);
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === NOT_FOUND) return undefined;
    throw error;
  }
}

async function make(
  jsm: JetStreamManager,
  name: string,
  config: Partial<StreamConfig>,
): Promise<StreamInfo> {
  const metadata = { [ID]: newId() };
  try {
    return await jsm.streams.add({ num_replicas: 1, ...config, name, metadata });
  } catch (error) {
    // Another node was quicker.
    if (error instanceof JetStreamApiError && error.code === IN_USE) {
      return await jsm.streams.info(name);
    }
    return await refused(name, Promise.reject(error));
  }
}

async function refused<T>(name: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof JetStreamApiError)) throw error;
    throw new NatsError(`NATS refuses the stream ${name} as it is wanted: ${error.message}`);
  }
}

/** What cannot be changed, or shows that it is somebody else's. */
function foreignness(has: StreamConfig, wanted: Partial<StreamConfig>): string | undefined {
  for (const name of ["subjects", "storage", "retention"] as const) {
    const [is, must] = [has[name], wanted[name]].map((value) => JSON.stringify(value));
    if (is !== must) return `its ${name} is ${is}, and must be ${must}`;
  }
  if (has.sealed) return "it is sealed";
  return has.mirror !== undefined || has.sources !== undefined ? "it has sources" : undefined;
}

function viewOf({ created, config, state, ts }: StreamInfo): StreamView {
  const { first_seq, last_seq, messages, first_ts, last_ts } = state;
  const name = `${created} ${config.metadata?.[ID] ?? ""}`;
  return {
    epoch: createHash("sha256").update(name).digest("hex").slice(0, 8),
    first: messages === 0 ? last_seq + 1 : first_seq,
    last: last_seq,
    gone: last_seq === 0 ? 0 : Date.parse(String(messages === 0 ? last_ts : first_ts)),
    now: Date.parse(ts ?? ""),
  };
}

function newId(): string {
  return crypto.randomUUID();
}

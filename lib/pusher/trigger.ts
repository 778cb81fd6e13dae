/**
 * `POST /apps/{id}/events` and `…/batch_events`: what an app's server publishes.
 * @module
 */
import { HttpError } from "../http/error.ts";
import type { Draft } from "../hub/message.ts";
import { type Members, membersOf } from "../hub/json.ts";
import type { App } from "./app.ts";
import type { Publish, PusherContext } from "./context.ts";
import { draftOf, RESERVED } from "./event.ts";
import { channelOf } from "./name.ts";
import { checkInfo, type Info, infoOf } from "./inspect.ts";
import { isSocketId, MAX_DATA, MAX_EVENT, sizeOf } from "./protocol.ts";

/** Most channels of one event. */
export const MAX_CHANNELS = 100;
/** Most events of one request. */
export const MAX_BATCH = 10;

/** What is published, and what is to be said of its channels. */
interface Trigger {
  drafts: Draft[];
  names: string[];
  info: readonly Info[];
}

/** Publishes one event on its channels. Resolves with what is answered. */
export async function trigger(
  app: App,
  body: Members,
  publish: Publish,
  context: PusherContext,
): Promise<unknown> {
  const one = read(app, body, channelsOf(body), context);
  await publishAll(one.drafts, publish, context);
  if (one.info.length === 0) return {};
  return { channels: Object.fromEntries(await about(app, one, context)) };
}

/** Publishes some events, each on its channel. Resolves with what is answered. */
export async function triggerBatch(
  app: App,
  { batch }: Members,
  publish: Publish,
  context: PusherContext,
): Promise<unknown> {
  if (!Array.isArray(batch)) throw new HttpError(400, "batch is not a list");
  if (batch.length > MAX_BATCH) throw new HttpError(400, `over ${MAX_BATCH} events`);
  const all = batch.map((each) => {
    const event = membersOf(each);
    if (event === undefined) throw new HttpError(400, "an event is not an object");
    return read(app, event, [event.channel], context);
  });
  await publishAll(all.flatMap(({ drafts }) => drafts), publish, context);
  if (all.every(({ info }) => info.length === 0)) return {};
  return {
    batch: await Promise.all(
      all.map(async (one) => one.info.length === 0 ? {} : (await about(app, one, context))[0]![1]),
    ),
  };
}

function channelsOf({ channels, channel }: Members): unknown[] {
  if (channels === undefined) return [channel];
  if (!Array.isArray(channels) || channels.length === 0) {
    throw new HttpError(400, "channels is not a list of names");
  }
  if (channels.length > MAX_CHANNELS) throw new HttpError(400, `over ${MAX_CHANNELS} channels`);
  return [...new Set(channels)];
}

/**
 * Reads an event. Nothing of a request is published where something of it is wrong.
 * @throws {HttpError} 400 or 413.
 */
function read(app: App, body: Members, names: unknown[], { config }: PusherContext): Trigger {
  const { name: event, data, socket_id: sender, info } = body;
  if (typeof event !== "string" || event === "" || event.length > MAX_EVENT) {
    throw new HttpError(400, `name is not a text of 1 to ${MAX_EVENT} characters`);
  }
  if (RESERVED.test(event)) throw new HttpError(400, "names that begin with pusher are reserved");
  if (typeof data !== "string") throw new HttpError(400, "data is not a text");
  if (sizeOf(data) > MAX_DATA) throw new HttpError(413, `data is over ${MAX_DATA} bytes`);
  if (sender !== undefined && sender !== null && !isSocketId(sender)) {
    throw new HttpError(400, "socket_id is not two numbers with a point between them");
  }
  const channels = names.map((name) => {
    const channel = typeof name === "string" ? channelOf(app.prefix, name) : undefined;
    if (channel === undefined) {
      throw new HttpError(400, `not a name of a channel: ${JSON.stringify(name)}`);
    }
    return channel;
  });
  const drafts = channels.map((channel) => ({
    ...draftOf(channel, { event, data }),
    sender: sender ?? undefined,
  }));
  if (drafts.some(({ body }) => body.length > config.maxMessage)) {
    throw new HttpError(413, `the message is over ${config.maxMessage} bytes`);
  }
  return {
    drafts,
    names: names as string[],
    info: checkInfo(info ?? undefined, names as string[]),
  };
}

async function publishAll(
  drafts: readonly Draft[],
  publish: Publish,
  { publishes, asked }: PusherContext,
): Promise<void> {
  const came = performance.now();
  const one = async (draft: Draft) => {
    try {
      publishes.done("http", came, await publish(draft));
    } catch (error) {
      publishes.failed("http", error);
      throw error;
    }
  };
  if (asked) { for (const draft of drafts) await one(draft); }
  // All are under way before the first is done: they keep their order.
  else await Promise.all(drafts.map(one));
}

async function about(
  app: App,
  { names, info }: Trigger,
  context: PusherContext,
): Promise<[string, Record<string, number>][]> {
  return await Promise.all(
    names.map(async (name) => [name, await infoOf(app, name, info, context)] as const),
  ) as [string, Record<string, number>][];
}

/**
 * `GET /apps/{id}/channels…`: which channels are occupied, by how many, and by whom, over all threads and nodes.
 * @module
 */
import { HttpError } from "../http/error.ts";
import type { Bus } from "../hub/bus.ts";
import type { Hub } from "../hub/hub.ts";
import type { App } from "./app.ts";
import type { PusherContext } from "./context.ts";
import { channelOf, kindOf, nameOf, USER } from "./name.ts";

/** What can be asked of a channel. */
export type Info = "subscription_count" | "user_count";

/** What ends tell each other of their channels. */
const TOPIC = "pusher.channels";
/** Channels in one answer of theirs. */
const PORTION = 200;

/** A channel at one end: how many subscribe, and who is there where that is asked. */
type Found = [channel: string, connections: number, subs: string[]];

/**
 * Reads what is to be said of channels: words with commas between them.
 * @throws {HttpError} 400 for another word, and where users are asked for of a channel that has none.
 */
export function checkInfo(text: unknown, names: readonly string[]): Info[] {
  if (text === undefined || text === "") return [];
  const words = typeof text === "string" ? text.split(",").map((word) => word.trim()) : [];
  const known = words.filter((word): word is Info =>
    word === "subscription_count" || word === "user_count"
  );
  if (known.length === 0 || known.length < words.length) {
    throw new HttpError(400, "info is not subscription_count or user_count");
  }
  if (known.includes("user_count") && !names.every((name) => name.startsWith("presence-"))) {
    throw new HttpError(400, "user_count is known of presence channels only");
  }
  return known;
}

/** What is to be said of a channel. */
export async function infoOf(
  app: App,
  name: string,
  info: readonly Info[],
  { presence }: PusherContext,
): Promise<Record<string, number>> {
  if (info.length === 0) return {};
  const { connections, members } = await presence.who(channelOf(app.prefix, name)!);
  return figures(info, connections, members.length);
}

function figures(info: readonly Info[], connections: number, users: number) {
  const all: Record<Info, number> = { subscription_count: connections, user_count: users };
  return Object.fromEntries(info.map((word) => [word, all[word]]));
}

/** Answers other ends that ask for the channels here. */
export function answerChannels(bus: Bus, hub: Hub): void {
  bus.answer(TOPIC, function* (asked) {
    const [prefix, start] = asked as [string, string];
    const all = found(hub, prefix, start);
    for (let i = 0; i < all.length; i += PORTION) yield all.slice(i, i + PORTION);
  });
}

/** The channels here that somebody subscribes to, of an app and with names that begin so. */
function found(hub: Hub, prefix: string, start: string): Found[] {
  const all: Found[] = [];
  for (const channel of hub.names()) {
    const name = nameOf(prefix, channel);
    if (name === undefined || name.startsWith(USER) || !name.startsWith(start)) continue;
    const subs = new Set<string>(), { presence } = kindOf(name);
    let connections = 0;
    for (const subscriber of hub.subscribers(channel)) {
      connections++;
      const sub = presence ? subscriber.member?.(channel)?.sub : undefined;
      if (sub !== undefined) subs.add(sub);
    }
    if (connections > 0) all.push([channel, connections, [...subs]]);
  }
  return all;
}

/** All channels that somebody subscribes to. */
export async function channels(
  app: App,
  parameters: URLSearchParams,
  { hub, bus }: PusherContext,
): Promise<unknown> {
  const start = parameters.get("filter_by_prefix") ?? "";
  const info = checkInfo(parameters.get("info") ?? undefined, [start]);
  const others = await bus.ask(TOPIC, [app.prefix, start]) as Found[][];
  const all = new Map<string, { connections: number; subs: Set<string> }>();
  for (const [channel, connections, subs] of [...found(hub, app.prefix, start), ...others.flat()]) {
    const one = all.get(channel) ?? { connections: 0, subs: new Set() };
    all.set(channel, one);
    one.connections += connections;
    for (const sub of subs) one.subs.add(sub);
  }
  const list = [...all].map(([channel, { connections, subs }]) => [
    nameOf(app.prefix, channel)!,
    figures(info, connections, subs.size),
  ]);
  return { channels: Object.fromEntries(list) };
}

/** One channel. */
export async function channel(
  app: App,
  name: string,
  parameters: URLSearchParams,
  { presence }: PusherContext,
): Promise<unknown> {
  const channel = known(app, name);
  const info = checkInfo(parameters.get("info") ?? undefined, [name]);
  const { connections, members } = await presence.who(channel);
  return { occupied: connections > 0, ...figures(info, connections, members.length) };
}

/** Who is on a presence channel. */
export async function users(app: App, name: string, { presence }: PusherContext): Promise<unknown> {
  const channel = known(app, name);
  if (!kindOf(name).presence) throw new HttpError(400, "users are known of presence channels only");
  const { members } = await presence.who(channel);
  return { users: members.map(({ sub }) => ({ id: sub })) };
}

function known(app: App, name: string): string {
  const channel = channelOf(app.prefix, name);
  if (channel === undefined) throw new HttpError(400, "not a name of a channel");
  return channel;
}

/**
 * What an app's server is told by webhooks, as Pusher's libraries read them.
 * @module
 */
import type { Change } from "../hub/presence.ts";
import type { App } from "./app.ts";
import { kindOf, nameOf, USER } from "./name.ts";
import { sign } from "./signature.ts";

/** An event that a client has sent. */
export interface ClientEvent {
  channel: string;
  event: string;
  data: string | undefined;
  socketId: string;
  /** Who sent it, on a presence channel. */
  user: string | undefined;
}

/** Is told of what happens in this thread. */
export interface Told {
  /** A client has sent an event. */
  clientEvent(app: App, event: ClientEvent): void;
  /** Somebody has subscribed to a cache channel that remembers nothing. */
  cacheMiss(app: App, channel: string): void;
}

/** Sends events to a server. */
export interface Queue {
  tell(event: Record<string, unknown>): void;
}

/** A server that is told, and of which app. */
export interface Hook {
  app: App;
  queue: Queue;
}

/**
 * Makes a request of some events: signed with the app's secret.
 * @param events Their JSON, with commas between them.
 * @param now In ms since 1970.
 */
export function webhook(app: App, events: string, now: number) {
  const body = `{"time_ms":${now},"events":[${events}]}`;
  return { body, headers: { "X-Pusher-Key": app.key, "X-Pusher-Signature": sign(app, body) } };
}

/** What servers are told of what happens in this thread. */
export function tellApps(hooks: readonly Hook[]): Told {
  const tell = (app: App, event: Record<string, unknown>) => {
    for (const hook of hooks) if (hook.app.id === app.id) hook.queue.tell(event);
  };
  return {
    clientEvent(app, { channel, event, data, socketId, user }) {
      const by = { socket_id: socketId, ...user !== undefined && { user_id: user } };
      tell(app, { name: "client_event", channel, event, data, ...by });
    },
    cacheMiss: (app, channel) => tell(app, { name: "cache_miss", channel, data: "{}" }),
  };
}

/** What servers are told of who comes and goes, by all threads and nodes. */
export function tellChange(hooks: readonly Hook[], change: Change): void {
  for (const { app, queue } of hooks) {
    for (const event of changes(app, change)) queue.tell(event);
  }
}

/** What an app's server is told of a change. */
function changes(app: App, { channel: of, occupied, join, leave }: Change) {
  const channel = nameOf(app.prefix, of), events: Record<string, string>[] = [];
  if (channel === undefined || channel.startsWith(USER)) return events;
  if (occupied === true) events.push({ name: "channel_occupied", channel });
  if (kindOf(channel).presence) {
    for (const { sub } of join) events.push({ name: "member_added", channel, user_id: sub });
    for (const sub of leave) events.push({ name: "member_removed", channel, user_id: sub });
  }
  if (occupied === false) events.push({ name: "channel_vacated", channel });
  return events;
}

/**
 * Subscribing by Server-Sent Events (HTML, 9.2).
 * @module
 */
import { encodeChunk } from "../http/response.ts";
import { EngineError } from "../hub/engine.ts";
import type { Since } from "../hub/cursor.ts";
import type { Hub, Member, Subscriber } from "../hub/hub.ts";
import { type Message, weight } from "../hub/message.ts";
import type { Presence } from "../hub/presence.ts";
import { caughtUp } from "../net/catch_up.ts";
import type { Stream, StreamHandler } from "../net/stream.ts";
import type { Rights } from "../auth/auth.ts";
import type { Connections } from "./connections.ts";
import { bodyEvent, chunkedBodyEvent, chunkedEvent, encodeEvent, event, gaps } from "./forms.ts";
import { Latest } from "./latest.ts";
import { Members } from "./members.ts";

/** Between the comment lines that keep the stream alive, in ms. */
const KEEP_ALIVE = 25_000;
const comment = new TextEncoder().encode(":\n\n"), chunkedComment = encodeChunk(comment);

/** What a stream needs. */
export interface EventSubscription {
  /** Where the messages are. */
  hub: Hub;
  /** What its owner may do. */
  rights: Rights;
  /** The channels. */
  channels: readonly string[];
  /** From where on; `undefined`: from now on. */
  since: Since | undefined;
  /** Whether it is to be told who is there. */
  members: boolean;
  /** Its name as a sender: of what is published under it, it is not told. */
  sender: string | undefined;
  /** Who is there. */
  presence: Presence;
  /** Those that are somebody's. */
  connections: Connections;
  /** Whether only the newest is wanted, where more waits. */
  latest: boolean;
  /** Told that the stream is ended since it took too long to catch up. */
  overrun: () => void;
  /** Told of faults of ours. */
  fault: (error: unknown) => void;
}

/** The handler of one stream of events. */
export function eventHandler(subscription: EventSubscription): StreamHandler {
  const { hub, channels, since, rights, fault, connections } = subscription;
  let gone = () => {};
  let subscriber: ReturnType<typeof streamSubscriber> | undefined;
  let keepAliveAt = 0;
  return {
    open(stream) {
      const told = subscriber = streamSubscriber(stream, subscription);
      if (rights.sub !== undefined) gone = connections.add(rights.sub, () => stream.close());
      const join = async () => {
        await told.members?.watch(channels);
        if (!stream.open) return told.members?.stopAll();
        await hub.subscribe(told, channels, since, (opening) => {
          const { open, resume } = opening;
          // A browser that is cut off before it has what it missed must come back to before that.
          const first = encodeEvent(JSON.stringify({ open, channels, ...gaps(opening) }), resume);
          stream.write(stream.chunked ? encodeChunk(first) : first);
          return told.members?.begin(channels);
        });
      };
      join().catch((error) => {
        // What was missed cannot be said now: whoever comes back asks again.
        if (!(error instanceof EngineError)) fault(error);
        stream.close();
      });
    },
    tick(stream, now) {
      if (Date.now() >= rights.expires) return stream.close();
      if (keepAliveAt === 0) keepAliveAt = now + KEEP_ALIVE;
      if (now < keepAliveAt) return;
      keepAliveAt = now + KEEP_ALIVE;
      stream.write(stream.chunked ? chunkedComment : comment);
    },
    flush() {
      subscriber?.flush();
    },
    close() {
      if (subscriber === undefined) return;
      gone();
      subscriber.members?.stopAll();
      for (const channel of channels) hub.unsubscribe(subscriber, channel);
    },
  };
}

function streamSubscriber(
  stream: Stream,
  { latest: newest, overrun, rights, sender, members: wanted, presence }: EventSubscription,
) {
  const { sub, info } = rights;
  const member: Member | undefined = sub === undefined ? undefined : { sub, info };
  const form = stream.chunked ? chunkedEvent : event;
  const write = (data: string, id: string) => {
    const encoded = encodeEvent(data, id);
    stream.write(stream.chunked ? encodeChunk(encoded) : encoded);
  };
  const send = (message: Message, skipped = 0) => {
    if (skipped === 0) stream.write(message.as(form));
    else write(message.toJSONText(skipped), message.id);
  };
  const latest = newest ? new Latest(stream, send) : undefined;
  const bodyForm = stream.chunked ? chunkedBodyEvent : bodyEvent;
  const say = (message: Message) => stream.write(message.as(bodyForm));
  const members = !wanted ? undefined : new Members(presence, (channel, change, all) => {
    if (latest === undefined) say(change);
    else latest.sayState(`presence ${channel}`, () => say(change), () => say(all()));
  });
  const subscriber: Subscriber = {
    member: () => member,
    sender,
    deliver: (message) => latest === undefined ? send(message) : latest.deliver(message),
    keep: (message) => stream.kept.add(message, weight(message)),
    letGo: (message) => stream.kept.delete(message),
    ready() {
      if (latest !== undefined) return latest.ready();
      return caughtUp(stream);
    },
    overrun() {
      overrun();
      stream.drop();
    },
    lost(gap) {
      const say = () => write(JSON.stringify({ ...gaps(gap), open: gap.open }), gap.open);
      if (latest === undefined) say();
      else latest.say(say);
    },
  };
  return { ...subscriber, members, flush: () => latest?.flush() };
}

/**
 * What one client of the Pusher protocol subscribes to.
 * @module
 */
import type { Rights } from "../auth/auth.ts";
import type { Member, Subscriber } from "../hub/hub.ts";
import { type Form, type Message, weight } from "../hub/message.ts";
import { caughtUp } from "../net/catch_up.ts";
import type { Socket } from "../net/socket.ts";
import { CloseCode } from "../websocket/close.ts";
import type { App } from "./app.ts";
import { Cached } from "./cached.ts";
import type { PusherContext } from "./context.ts";
import { eventOf, eventText } from "./event.ts";
import { Members } from "./members.ts";
import { channelOf, type Kind, kindOf, plainName, USER } from "./name.ts";
import {
  type AskedOf,
  Code,
  notSubscribed,
  readMember,
  refused,
  said,
  subscribed,
  type User,
} from "./protocol.ts";
import { channelText, isAuthentic } from "./signature.ts";

/** A subscription. */
export interface Place {
  /** Kodama's channel. */
  channel: string;
  kind: Kind;
  /** Who this is there, on a presence channel. */
  member: User | undefined;
  members: Members | undefined;
}

/** The subscriptions of one client. */
export class Subscriptions implements Subscriber {
  /** Its `socket_id`: of what is published in its name it is told nothing. */
  readonly sender: string;
  readonly #app: App;
  readonly #context: PusherContext;
  readonly #rights: Rights;
  readonly #socket: Socket;
  readonly #form: Form | undefined;
  /** By the channel of Kodama's. */
  readonly #places = new Map<string, Place>();
  /** What a cache channel remembers, while one is joined. */
  #cached: Cached | undefined;
  #left = false;

  /**
   * @param sender Its `socket_id`.
   * @param rights What may be read without a signature: public channels are read as Kodama's others are.
   */
  constructor(app: App, context: PusherContext, rights: Rights, socket: Socket, sender: string) {
    this.#app = app;
    this.#context = context;
    this.#rights = rights;
    this.#socket = socket;
    this.sender = sender;
    // With context takeover every connection compresses for itself.
    this.#form = socket.takeover ? undefined : context.forms(socket.sharedWindowBits);
  }

  /** A subscription, by the app's name for its channel. */
  place(name: string): Place | undefined {
    const channel = channelOf(this.#app.prefix, name);
    return channel === undefined ? undefined : this.#places.get(channel);
  }

  /**
   * Subscribes, and says what has come of it. Resolves once what is remembered has been told.
   * @param user Who has signed in.
   */
  async subscribe(asked: AskedOf<"subscribe">, user: User | undefined): Promise<void> {
    const { channel: name } = asked, place = this.#open(asked, user);
    if (place === undefined) return;
    const { channel, members, kind } = place, { hub, told } = this.#context;
    this.#places.set(channel, place);
    await members?.ready;
    if (this.#left) return;
    await members?.begin();
    if (this.#left) return;
    const cached = this.#cached = kind.cache ? new Cached(hub, channel) : undefined;
    await hub.subscribe(this, [channel], cached?.since, (opening) => {
      if (this.#left) return;
      if (!kind.presence) this.#context.counts?.changed(channel);
      cached?.open(opening.open);
      this.#socket.send(subscribed(name, members?.take()));
    });
    this.#cached = undefined;
    if (cached === undefined || this.#left) return;
    const last = await cached.last();
    if (last !== undefined) this.#send(last);
    else if (!cached.passed) {
      this.#socket.send(said("pusher:cache_miss", {}, name));
      told?.cacheMiss(this.#app, name);
    }
  }

  /** Unsubscribes, if it is subscribed. */
  unsubscribe(name: string): void {
    const place = this.place(name);
    if (place === undefined) return;
    this.#leave(place);
    this.#places.delete(place.channel);
  }

  /** Ends all of them: the client has left. */
  leave(): void {
    this.#left = true;
    for (const place of this.#places.values()) this.#leave(place);
  }

  /** Says something. */
  say(text: string): void {
    this.#socket.send(text);
  }

  /** @inheritDoc */
  member(channel: string): Member | undefined {
    const member = this.#places.get(channel)?.member;
    return member && { sub: member.id, info: member.info };
  }

  /** @inheritDoc */
  deliver(message: Message): void {
    if (!this.#cached?.takes(message)) this.#send(message);
  }

  /** @inheritDoc */
  keep(message: Message): void {
    this.#socket.kept.add(message, weight(message));
  }

  /** @inheritDoc */
  letGo(message: Message): void {
    this.#socket.kept.delete(message);
  }

  /** @inheritDoc */
  ready(): Promise<void> | undefined {
    return caughtUp(this.#socket);
  }

  /** @inheritDoc */
  overrun(): void {
    this.#context.overrun();
    this.#socket.close(CloseCode.TryAgainLater, "reading too slowly");
  }

  /** @inheritDoc */
  lost(): void {
    // The protocol has no word for it: who comes back asks the application anew.
    this.#socket.close(Code.Reconnect, "messages may have been missed");
  }

  #send(message: Message): void {
    if (this.#form !== undefined) this.#socket.sendFrame(message.as(this.#form));
    else this.#socket.send(eventText(plainName(message.channel), eventOf(message)));
  }

  #leave({ channel, members }: Place): void {
    this.#context.hub.unsubscribe(this, channel);
    if (members === undefined) this.#context.counts?.changed(channel);
    members?.stop();
  }

  /** A subscription that may be; otherwise says why not. */
  #open({ channel: name, auth, data }: AskedOf<"subscribe">, user: User | undefined) {
    const { presence, config } = this.#context;
    const refuse = (status: number, why: string) =>
      void this.#socket.send(notSubscribed(name, status, why));
    const channel = channelOf(this.#app.prefix, name);
    if (channel === undefined) return refuse(400, "not a name of a channel");
    if (this.#places.has(channel)) {
      const refusal = { code: Code.Malformed, message: `subscribed to ${name} already` };
      return void this.#socket.send(refused(refusal, name));
    }
    if (this.#places.size >= config.maxChannels) {
      return refuse(4004, `over ${config.maxChannels} channels`);
    }
    const kind = kindOf(name);
    const fault = name.startsWith(USER)
      ? name === USER + user?.id ? undefined : "this is another user's channel"
      : this.#fault(channel, kind, name, auth, data);
    if (fault !== undefined) return refuse(401, fault);
    if (!kind.presence) return { channel, kind, member: undefined, members: undefined };
    const member = data === undefined ? user : readMember(data);
    if (member === undefined) return refuse(401, "channel_data is needed");
    if (typeof member === "string") return refuse(400, member);
    const members = new Members(presence, channel, name, member, this.#socket);
    return { channel, kind, member, members };
  }

  /** Why a channel may not be subscribed to, if it may not. */
  #fault(
    channel: string,
    { guarded }: Kind,
    name: string,
    auth: string | undefined,
    data: string | undefined,
  ): string | undefined {
    if (!guarded) {
      return this.#rights.read(channel) ? undefined : "reading it needs a token: see --public";
    }
    if (auth === undefined) return "auth is needed";
    if (isAuthentic(this.#app, channelText(this.sender, name, data), auth)) return undefined;
    return "auth is not a signature of socket_id and channel, and channel_data where it is given";
  }
}

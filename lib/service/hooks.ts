/**
 * Where a program that the service is part of has a say: who may do what, what is published, and what else is answered.
 * @module
 */
import type { Authorize, Rights } from "../auth/auth.ts";
import type { Published } from "../hub/engine.ts";
import type { Hub } from "../hub/hub.ts";
import type { Draft } from "../hub/message.ts";
import type { Answer, Request } from "../net/answer.ts";
import type { Exchange } from "../net/exchange.ts";

/** How something comes that is to be published. */
export type Way =
  /** The body of a request to a channel. */
  | "http"
  /** A line of `POST /-/publish`. */
  | "batch"
  /** A `pub` of the envelope. */
  | "envelope"
  /** A message of a WebSocket whose messages are bodies. */
  | "raw"
  /** An event of the Pusher protocol, by an app's server or by a client. */
  | "pusher";

/** From whom something comes. */
export interface Sender {
  /** How. */
  way: Way;
  /** With which request; the handshake, where it is by WebSocket. */
  request: Request;
  /** What it may do. */
  rights: Rights;
  /** By which connections it is not to be heard: those of this name as a sender. */
  name?: string | undefined;
}

/**
 * Asked before a message is published that its sender may publish.
 * @returns It, or another in its place.
 * @throws {HttpError} If it is refused.
 */
export type Admit = (draft: Draft, key: string | undefined, sender: Sender) => Promise<Draft>;

/** What a program has a say in; what is not there is as it is by itself. */
export interface Hooks {
  /**
   * Finds out what the sender of a request may do.
   * @param own Finds it out by the settings.
   */
  authorize?: ((own: Authorize) => Authorize) | undefined;
  /** Asked about what is published. */
  admit?: Admit | undefined;
  /**
   * Answers a request that is no handshake of a WebSocket.
   * @param own What is answered here.
   */
  around?:
    | ((exchange: Exchange, own: (request: Request) => Answer | Promise<Answer>) => Promise<Answer>)
    | undefined;
}

/** Publishes what is admitted, in the sender's name. Without anybody who is asked, before it returns. */
export function publishAdmitted(
  { hub, admit }: { hub: Hub; admit: Admit | undefined },
  draft: Draft,
  key: string | undefined,
  sender: Sender,
): Promise<Published> {
  const publish = (draft: Draft) => hub.publish({ ...draft, sender: sender.name }, key);
  return admit === undefined ? publish(draft) : admit(draft, key, sender).then(publish);
}

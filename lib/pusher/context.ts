/**
 * What the Pusher protocol needs of the server that speaks it.
 * @module
 */
import type { Rights } from "../auth/auth.ts";
import type { Bus } from "../hub/bus.ts";
import type { Published } from "../hub/engine.ts";
import type { Hub } from "../hub/hub.ts";
import type { Draft, Form } from "../hub/message.ts";
import type { Presence } from "../hub/presence.ts";
import type { Request } from "../net/connection.ts";
import type { Watch } from "../net/watch.ts";
import type { Config } from "../settings/config.ts";
import type { Counts } from "./counts.ts";
import type { Told } from "./hook.ts";

/** Publishes; rejects with {@linkcode HttpError} what is refused, with {@linkcode EngineError} what cannot be taken now. */
export type Publish = (draft: Draft) => Promise<Published>;

/** What becomes of publishes, as somebody counts it. */
export interface Publishes {
  /** One went well that had come whole at some time, by `performance.now()`. */
  done(via: "http" | "websocket", came: number, published: Published): void;
  /** One did not. */
  failed(via: "http" | "websocket", error: unknown): void;
  /** One may not be. */
  refused(via: "http" | "websocket"): void;
}

/** Who can be closed by who they are. */
export interface Connections {
  /**
   * Notes a connection of somebody's.
   * @param close Ends it.
   * @returns Notes that it is gone.
   */
  add(sub: string, close: () => void): () => void;
  /** Ends all of somebody's, on every node. Resolves with how many. */
  closeAll(sub: string): Promise<number>;
}

/** What the protocol needs. */
export interface PusherContext {
  /** The settings. */
  config: Pick<Config, "maxChannels" | "maxMessage" | "messageRate" | "pingRate">;
  /** Where the messages are. */
  hub: Hub;
  /** Who is there. */
  presence: Presence;
  /** Between threads and nodes. */
  bus: Bus;
  /** Who can be closed. */
  connections: Connections;
  /** How messages become frames, by the window in which they may be compressed; 0: they may not. */
  forms: (windowBits: number) => Form;
  /** Gives what publishes for whoever has sent a request, and may do so much besides. */
  publisher: (request: Request, rights: Rights) => Publish;
  /** Whether somebody is asked about each message: then one waits for the other, so that they keep their order. */
  asked: boolean;
  /** Told what becomes of publishes. */
  publishes: Publishes;
  /** Told who subscribes, to tell others how many do; `undefined`: that is not switched on. */
  counts: Pick<Counts, "changed" | "tick"> | undefined;
  /** Told what an application may want to know; `undefined`: nobody asks. */
  told: Told | undefined;
  /** Told of who is refused, with the code of Pusher's as status. */
  refused?: Watch["refused"];
  /** Told that a connection is ended since it took too long to catch up. */
  overrun: () => void;
  /** Told of faults of ours. */
  fault: (error: unknown) => void;
}

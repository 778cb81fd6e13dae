/**
 * What one subscription by WebSocket is made of.
 * @module
 */
import type { OfToken, Rights } from "../auth/auth.ts";
import type { Since } from "../hub/cursor.ts";
import type { Published } from "../hub/engine.ts";
import type { Hub } from "../hub/hub.ts";
import type { Draft } from "../hub/message.ts";
import type { Presence } from "../hub/presence.ts";
import type { Config } from "../settings/config.ts";
import type { Connections } from "./connections.ts";
import type { FrameForms, Mode } from "./forms.ts";
import type { Publishes } from "./publishes.ts";

/** What a subscriber's connection needs. */
export interface Subscription {
  /** Where the messages are. */
  hub: Hub;
  /** The settings. */
  config: Config;
  /** What its owner may do. */
  rights: Rights;
  /** The channels to begin with. */
  channels: readonly string[];
  /** From where on; `undefined`: from now on. */
  since: Since | undefined;
  /** What frames hold. */
  mode: Mode;
  /** Whether it is to be told who is there. */
  members: boolean;
  /** Its name as a sender: of what is published under it, it is not told. */
  sender: string | undefined;
  /** Who is there. */
  presence: Presence;
  /** Those that are somebody's. */
  connections: Connections;
  /** Verifies a token that follows another; `undefined`: nothing does. */
  ofToken: OfToken | undefined;
  /** Whether only the newest is wanted, where more waits. */
  latest: boolean;
  /** How messages become frames. */
  forms: FrameForms;
  /** Publishes in its owner's name; rejects with an {@linkcode HttpError} where that is refused. */
  publish: (draft: Draft) => Promise<Published>;
  /** Told what becomes of publishes. */
  publishes: Publishes;
  /** Told that the connection is ended since it took too long to catch up. */
  overrun: () => void;
  /** Gives up the place that is held until it is open. */
  release: () => void;
  /** Told of faults of ours. */
  fault: (error: unknown) => void;
}

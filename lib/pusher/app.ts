/**
 * Apps of the Pusher protocol: each has its keys, and channels of its own.
 * @module
 */
import type { Config } from "../settings/config.ts";

/** An app. */
export interface App {
  /** Names it in the paths of its HTTP API. */
  id: string;
  /** Names it to its clients; no secret. */
  key: string;
  /** Signs for it. */
  secret: string;
  /** What its channels begin with in Kodama: nothing for the first app, `ID/` for every other. */
  prefix: string;
}

/** The apps of the settings. */
export function appsOf({ pusher }: Pick<Config, "pusher">): App[] {
  return pusher.map((app, i) => ({ ...app, prefix: i === 0 ? "" : `${app.id}/` }));
}

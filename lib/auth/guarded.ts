/**
 * Channels that the users of a Pusher app show a signature for (`private-…`, `presence-…`, and those of single users): what
 * an app's server lets nobody read, a URL must not let anybody read either.
 * @module
 */
import type { Glob } from "../hub/name.ts";
import type { Config } from "../settings/config.ts";

/** `#` is written so in names of Kodama's. */
const guarded = /^(private-|presence-|~23server-to-user-)/;

/** Says of which channels that is so: those of the first app, and of each other behind its name. */
export function guardedChannels({ pusher = [] }: Partial<Pick<Config, "pusher">>): Glob {
  if (pusher.length === 0) return () => false;
  const ids = new Set(pusher.slice(1).map(({ id }) => id));
  return (channel) => {
    const [first, second, ...more] = channel.split("/");
    const name = second === undefined ? first! : ids.has(first!) && more.length === 0 ? second : "";
    return guarded.test(name);
  };
}

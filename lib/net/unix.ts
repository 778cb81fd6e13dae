/**
 * A Unix socket as a place to listen: a file that outlives whoever made it.
 * @module
 */
import { type Listener, ListenError } from "./conn.ts";

/** For its owner and its group: to connect is to write. */
const MODE = 0o660;

/**
 * Listens on a Unix socket, in the place of one that nobody answers on. Its file is removed when it is closed.
 * @throws {ListenError} If it cannot: the message names the path.
 */
export async function listenUnix(path: string): Promise<Listener> {
  try {
    await clear(path);
    const listener = Deno.listen({ transport: "unix", path });
    Deno.chmodSync(path, MODE);
    return {
      addr: listener.addr,
      accept: () => listener.accept(),
      close() {
        try {
          // While it still listens: whoever finds nobody there would put a file of its own in its place.
          if (exists(path)) Deno.removeSync(path);
        } finally {
          listener.close();
        }
      },
    };
  } catch (error) {
    throw new ListenError(`cannot listen on ${path}: ${reason(error)}`, { cause: error });
  }
}

/** Removes what was left by one who has ended. */
async function clear(path: string): Promise<void> {
  if (!exists(path)) return;
  if (!Deno.lstatSync(path).isSocket) throw new ListenError("there is a file that is no socket");
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    return Deno.removeSync(path);
  }
  throw new ListenError("it is in use");
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function reason(error: unknown): string {
  if (error instanceof ListenError) return error.message;
  if (error instanceof Deno.errors.NotCapable) {
    return "this needs --allow-net=unix:PATH, --allow-read=PATH and --allow-write=PATH";
  }
  if (error instanceof Deno.errors.NotFound) return "there is no such folder";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  // sockaddr_un has no room for more (unix(7)).
  if (error instanceof TypeError) return "the path is longer than 107 bytes";
  return error instanceof Error ? error.message : String(error);
}

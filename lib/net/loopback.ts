/**
 * A connection of this process to itself: what is sent there comes back when the sockets have been looked at.
 * @module
 */

/** A connection that bytes come back on. */
export interface Loopback {
  /** Sends one byte. */
  send(): void;
  /** Ends it; `lost` is not told. */
  close(): Promise<void>;
}

/** Opens a {@linkcode Loopback}. */
export type OpenLoopback = (
  back: () => void,
  lost: (error: unknown) => void,
  signal: AbortSignal,
) => Promise<Loopback>;

const hostname = "127.0.0.1";
const byte = new Uint8Array(1);

/**
 * Connects to itself over TCP. A datagram to itself would need one file less, but did not make the runtime look at its
 * sockets as reliably.
 * @param back Called for each byte that has come back.
 * @param lost Told, once, why no more will.
 * @param signal Gives up connecting.
 * @throws {Error} Where there is no file left, no loopback, or no permission for it.
 */
export async function openLoopback(
  back: () => void,
  lost: (error: unknown) => void,
  signal: AbortSignal,
): Promise<Loopback> {
  // A server that may use the network in part must not ask for the rest while it runs.
  if (Deno.permissions.querySync({ name: "net", host: hostname }).state !== "granted") {
    throw new Deno.errors.NotCapable(`needs --allow-net=${hostname}`);
  }
  const [near, far] = await connectToItself(signal);
  let open = true;
  const fail = (error: unknown) => {
    if (open) lost(error);
    open = false;
  };
  const reading = (async () => {
    const bytes = new Uint8Array(16);
    while (await far.read(bytes) !== null) if (open) back();
    throw new Deno.errors.UnexpectedEof("the connection to ourselves has ended");
  })().catch(fail);
  return {
    send: () => void near.write(byte).catch(fail),
    async close() {
      open = false;
      near.close();
      far.close();
      await reading;
    },
  };
}

/** Both ends of a connection. */
async function connectToItself(signal: AbortSignal): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname, port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const far = await Deno.connect({ hostname, port, signal });
  try {
    for (;;) {
      const near = await listener.accept();
      // Whoever else has found the port meanwhile is not us.
      if (portOf(near.remoteAddr) === portOf(far.localAddr)) {
        near.setNoDelay();
        return [near, far];
      }
      near.close();
    }
  } catch (error) {
    far.close();
    throw error;
  }
}

function portOf(addr: Deno.Addr): number {
  return (addr as Deno.NetAddr).port;
}

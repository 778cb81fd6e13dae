/**
 * A TCP proxy that loses connections when it is told to.
 * @module
 */

/** A proxy in front of a port. */
export interface Proxy extends AsyncDisposable {
  /** Where it listens. */
  port: number;
  /** The request line of each connection, once it has come. */
  requests: string[];
  /** Asked at each connection: after how many bytes to the client it is cut. */
  limit: () => number;
  /** Lets nothing through any more, of the connections that there are, and cuts none. */
  hold(): void;
  /** Whether what comes from the server is thrown away, of connections that there are and will be. */
  deaf: boolean;
  /** Whether who connects is cut at once. */
  refuse: boolean;
  /** Cuts all connections that there are. */
  cut(): void;
}

/** Starts a proxy in front of a port of this machine; it ends with its scope. */
export function proxy(to: number): Proxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Disposable>();
  const work = new Set<Promise<void>>();
  const track = (promise: Promise<void>) => {
    const tracked = promise.catch(() => {}).finally(() => work.delete(tracked));
    work.add(tracked);
  };
  let held = new AbortController();

  async function serve(client: Deno.TcpConn): Promise<void> {
    if (made.refuse) return client.close();
    const left = made.limit();
    const server = await Deno.connect({ hostname: "127.0.0.1", port: to });
    const { signal } = held;
    const ends = { [Symbol.dispose]: () => [client, server].forEach(close) };
    open.add(ends);
    track(pass(client, server, Infinity, signal, (text) => {
      made.requests.push(text.split("\r\n", 1)[0]!);
    }));
    await pass(server, client, left, signal, undefined, () => made.deaf);
    open.delete(ends);
    ends[Symbol.dispose]();
  }

  const made: Proxy = {
    port: (listener.addr as Deno.NetAddr).port,
    requests: [],
    limit: () => Infinity,
    deaf: false,
    refuse: false,
    hold() {
      held.abort();
      held = new AbortController();
    },
    cut() {
      for (const ends of open) ends[Symbol.dispose]();
      open.clear();
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      made.cut();
      while (work.size > 0) await Promise.all(work);
    },
  };
  track((async () => {
    for await (const client of listener) track(serve(client));
  })());
  return made;
}

function close(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // It was closed before.
  }
}

/** Passes bytes on until one side ends, or so many have passed. */
async function pass(
  from: Deno.Conn,
  to: Deno.Conn,
  limit: number,
  held: AbortSignal,
  first?: (text: string) => void,
  deaf: () => boolean = () => false,
): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  let left = limit;
  while (left > 0) {
    const size = await from.read(buffer);
    if (size === null) return;
    if (held.aborted || deaf()) continue;
    first?.(new TextDecoder().decode(buffer.subarray(0, size)));
    first = undefined;
    const end = Math.min(size, left);
    for (let at = 0; at < end;) at += await to.write(buffer.subarray(at, end));
    left -= end;
  }
}

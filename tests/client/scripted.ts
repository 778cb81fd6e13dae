/**
 * A server that says what a test tells it to, in place of the service.
 */

/** The server's side of one connection. */
export interface Scripted {
  /** The query of its URL. */
  query: URLSearchParams;
  /** The subprotocols that were offered. */
  offered: string[];
  /** Sends a value as JSON. */
  say(value: unknown): void;
  /** Answers the next request for leaving a channel. */
  leave(): Promise<void>;
  /** Closes it. */
  close(code: number, reason?: string): void;
}

/** Runs a script for each connection, the first for the first; the last again for all that follow. */
export function scriptedServer(
  ...scripts: ((connection: Scripted) => unknown)[]
): AsyncDisposable & { url: string; connections: Scripted[] } {
  const connections: Scripted[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const header = request.headers.get("sec-websocket-protocol") ?? "";
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "kodama.v1" });
    const requests: string[] = [];
    let asked: (() => void) | undefined;
    socket.onmessage = ({ data }) => {
      requests.push(JSON.parse(data).unsub);
      asked?.();
    };
    const connection: Scripted = {
      query: new URL(request.url).searchParams,
      offered: header.split(/,\s*/),
      say: (value) => socket.send(JSON.stringify(value)),
      async leave() {
        if (requests.length === 0) await new Promise<void>((resolve) => asked = resolve);
        connection.say({ unsub: requests.shift() });
      },
      close: (code, reason) => socket.close(code, reason),
    };
    const script = scripts[Math.min(connections.length, scripts.length - 1)]!;
    connections.push(connection);
    socket.onopen = () => void script(connection);
    return response;
  });
  return {
    url: `ws://127.0.0.1:${server.addr.port}/c`,
    connections,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The first envelope. */
export function opening(id: string): unknown {
  return { open: id, channels: ["c"], gap: false };
}

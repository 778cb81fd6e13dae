/**
 * `Bun.serve`: echo at `/-/echo`; at other paths whatever is posted goes to all, by Bun's own publish, or with the
 * argument `send` by a loop of `send`, as one would write it for any other server. Where it is to speak TLS, two more: the
 * files of a certificate and its key.
 */
interface BunSocket {
  data: { echo: boolean };
  send(data: string | Uint8Array): number;
  subscribe(topic: string): void;
}
interface BunServer {
  port: number;
  upgrade(request: Request, options: { data: BunSocket["data"] }): boolean;
  publish(topic: string, data: string): number;
}
declare const Bun: {
  argv: string[];
  file(path: string): unknown;
  serve(options: {
    hostname: string;
    port: number;
    tls?: { cert: unknown; key: unknown };
    fetch(request: Request, server: BunServer): Promise<Response | undefined>;
    websocket: {
      open(socket: BunSocket): void;
      close(socket: BunSocket): void;
      message(socket: BunSocket, data: string | Uint8Array): void;
    };
  }): BunServer;
};

const loop = Bun.argv.includes("send");
const [cert, key] = Bun.argv.slice(3);
const clients = new Set<BunSocket>();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  ...cert !== undefined && key !== undefined &&
    { tls: { cert: Bun.file(cert), key: Bun.file(key) } },
  async fetch(request, server) {
    if (request.method === "POST") {
      const text = await request.text();
      if (loop) { for (const client of clients) client.send(text); }
      else server.publish("news", text);
      return new Response("ok");
    }
    const echo = new URL(request.url).pathname === "/-/echo";
    if (server.upgrade(request, { data: { echo } })) return undefined;
    return new Response("a WebSocket is here", { status: 426 });
  },
  websocket: {
    open(socket) {
      if (socket.data.echo) return;
      if (loop) clients.add(socket);
      else socket.subscribe("news");
    },
    close(socket) {
      clients.delete(socket);
    },
    message(socket, data) {
      if (socket.data.echo) socket.send(data);
    },
  },
});
console.log(`on :${server.port}/`);

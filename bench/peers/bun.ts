/**
 * `Bun.serve`: echo at `/-/echo`; at other paths whatever is posted goes to all, by Bun's own publish, or with the
 * argument `send` by a loop of `send`, as one would write it for any other server.
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
  serve(options: {
    hostname: string;
    port: number;
    fetch(request: Request, server: BunServer): Promise<Response | undefined>;
    websocket: {
      open(socket: BunSocket): void;
      close(socket: BunSocket): void;
      message(socket: BunSocket, data: string | Uint8Array): void;
    };
  }): BunServer;
};

const loop = Bun.argv.includes("send");
const clients = new Set<BunSocket>();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
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

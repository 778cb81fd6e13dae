/**
 * Kodama in a program: echo at `/-/echo`; at other paths whatever is posted is published to all who are there. Its arguments,
 * where it is to speak TLS: the files of a certificate and its key.
 */
import { serve } from "../../lib/mod.ts";

const [cert, key] = Deno.args.map((path) => Deno.readTextFileSync(path));

const server = serve({
  port: 0,
  ...cert !== undefined && key !== undefined && { tls: { cert, key } },
  onListen: (addr) => console.log(`on :${(addr as Deno.NetAddr).port}/`),
  async fetch(request) {
    if (request.method !== "POST") return new Response("ok");
    await server.publish("news", await request.text());
    return new Response("ok");
  },
  upgrade: ({ url }) => ({ data: { echo: url.endsWith("/-/echo") } }),
  open(socket) {
    if (!socket.data.echo) socket.subscribe("news");
  },
  message(socket, data) {
    if (socket.data.echo) socket.send(data);
  },
});

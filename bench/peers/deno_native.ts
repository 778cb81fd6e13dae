/**
 * Deno's own WebSockets: echo at `/-/echo`; at other paths whatever is posted goes to all. Its arguments, where it is to
 * speak TLS: the files of a certificate and its key.
 */
const [cert, key] = Deno.args.map((path) => Deno.readTextFileSync(path));
const clients = new Set<WebSocket>();

Deno.serve(
  {
    hostname: "127.0.0.1",
    port: 0,
    onListen: (a) => console.log(`on :${a.port}/`),
    ...cert !== undefined && key !== undefined && { cert, key },
  },
  (request) => {
    if (request.method === "POST") return broadcast(request);
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.binaryType = "arraybuffer";
    if (new URL(request.url).pathname === "/-/echo") {
      socket.onmessage = (event) => socket.send(event.data);
    } else {
      socket.onopen = () => clients.add(socket);
      socket.onclose = () => clients.delete(socket);
    }
    return response;
  },
);

async function broadcast(request: Request): Promise<Response> {
  const text = await request.text();
  for (const client of clients) {
    if (client.readyState === WebSocket.OPEN) client.send(text);
  }
  return new Response("ok");
}

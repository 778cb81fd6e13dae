/**
 * Three who use a server while it is busy: how long a ping, a publish and a handshake take.
 * @module
 */
import { Times } from "./meter.ts";

/** Between one and the next of each kind, in ms. */
const PAUSE = 10;
const encoder = new TextEncoder(), decoder = new TextDecoder("latin1");

/** A connection of bytes. */
async function dial(port: number): Promise<(request: Uint8Array | undefined) => Promise<string>> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay();
  const space = new Uint8Array(4096);
  return async (request) => {
    if (request === undefined) {
      conn.close();
      return "";
    }
    await conn.write(request);
    const count = await conn.read(space);
    if (count === null) throw new Error("the server ended a connection");
    return decoder.decode(space.subarray(0, count));
  };
}

function expect(beginning: string, answer: string): void {
  if (!answer.startsWith(beginning)) throw new Error(`not ${beginning}: ${answer}`);
}

/**
 * Uses the server again and again.
 * @param port The server's.
 * @param ended Whether to stop.
 * @returns What 99 % of each did not exceed, in ms; NaN where there was not one.
 */
export async function bystand(port: number, ended: () => boolean): Promise<Record<string, number>> {
  const host = `Host: 127.0.0.1:${port}\r\n`;
  const upgrade = encoder.encode(
    `GET /-/echo HTTP/1.1\r\n${host}Upgrade: websocket\r\nConnection: Upgrade\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  const publish = encoder.encode(`POST /news HTTP/1.1\r\n${host}Content-Length: 2\r\n\r\nhi`);
  const ping = Uint8Array.of(0x89, 0x80, 0, 0, 0, 0);
  const shake = async () => {
    const send = await dial(port);
    expect("HTTP/1.1 101 ", await send(upgrade));
    return send;
  };
  const [socket, publisher] = [await shake(), await dial(port)];
  const kinds: Record<string, () => Promise<unknown>> = {
    // Latin-1, as browsers read it, has another letter for 0x8a.
    ping: async () => expect("\u0160\0", await socket(ping)),
    publish: async () => expect("HTTP/1.1 200 ", await publisher(publish)),
    handshake: async () => await (await shake())(undefined),
  };
  const figures: Record<string, number> = {};
  await Promise.all(
    Object.entries(kinds).map(async ([kind, use]) => {
      const times = new Times();
      while (!ended()) {
        const began = performance.now();
        await use();
        times.add(performance.now() - began);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
      figures[kind] = times.percentile(0.99) || NaN;
    }),
  );
  await Promise.all([socket(undefined), publisher(undefined)]);
  return figures;
}

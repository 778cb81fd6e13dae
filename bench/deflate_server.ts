/**
 * A server in a process of its own, and connections of bytes to it, for what is measured from outside.
 * @module
 */

/** A server that runs. */
export interface BenchServer extends AsyncDisposable {
  /** Its port. */
  port: number;
  /** Its process. */
  pid: number;
}

/** Starts the server with flags besides a free port; it ends with its scope. */
export async function startServer(...flags: string[]): Promise<BenchServer> {
  const main = new URL("../main.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "-P=serve", main, "--port", "0", "--drain", "0s", ...flags],
    cwd: new URL("..", import.meta.url).pathname,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const port = /:(\d+)\/\n/.exec(text += chunk)?.[1];
    if (port === undefined) continue;
    return {
      port: Number(port),
      pid: child.pid,
      async [Symbol.asyncDispose]() {
        child.kill("SIGTERM");
        await child.status;
      },
    };
  }
  throw new Error(`the server did not start: ${text}`);
}

/** Where payloads go, at which nobody looks. */
const buffer = new Uint8Array(256 * 1024);

/** A WebSocket as bytes. */
export interface BenchConnection extends Disposable {
  /** Sends a binary message, of at most 1 MiB on the wire. */
  send(payload: Uint8Array, compressed: boolean): Promise<void>;
  /** Receives so many bytes, whatever they are. */
  receive(count: number): Promise<void>;
  /** Receives one frame, of less than 64 KiB. */
  receiveFrame(): Promise<void>;
}

/**
 * Connects to the server, as a rule to its echo.
 * @param offer The permessage-deflate that is offered and insisted on; empty: none.
 */
export async function connect(
  port: number,
  offer = "permessage-deflate",
  path = "/-/echo",
): Promise<BenchConnection> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  conn.setNoDelay();
  const write = async (bytes: Uint8Array) => {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  };
  await write(new TextEncoder().encode(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      "Sec-WebSocket-Version: 13\r\n" +
      (offer ? `Sec-WebSocket-Extensions: ${offer}\r\n\r\n` : "\r\n"),
  ));
  const read = async (space: Uint8Array) => {
    const count = await conn.read(space);
    if (count === null) throw new Error("the server ended the connection");
    return count;
  };
  let head = "";
  for (const one = new Uint8Array(1); !head.endsWith("\r\n\r\n");) {
    await read(one);
    head += String.fromCharCode(one[0]!);
  }
  if (head.includes("permessage-deflate") !== (offer !== "")) {
    throw new Error(`not what was offered: ${head}`);
  }
  const receive = async (count: number) => {
    while (count > 0) count -= await read(buffer.subarray(0, Math.min(count, buffer.length)));
  };
  const header = async (size: number) => {
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size;) at += await read(bytes.subarray(at));
    return bytes;
  };
  return {
    async send(payload, compressed) {
      const { length } = payload;
      const first = compressed ? 0xc2 : 0x82;
      // A masking key of zeros leaves the payload as it is.
      const header = length < 126
        ? [first, 0x80 | length, 0, 0, 0, 0]
        : length < 0x10000
        ? [first, 0xfe, length >> 8, length, 0, 0, 0, 0]
        : [first, 0xff, 0, 0, 0, 0, 0, length >> 16, length >> 8, length, 0, 0, 0, 0];
      const frame = new Uint8Array(header.length + length);
      frame.set(header);
      frame.set(payload, header.length);
      await write(frame);
    },
    receive,
    async receiveFrame() {
      const [, short] = await header(2);
      const [high, low] = short === 126 ? await header(2) : [0, short];
      await receive(high! << 8 | low!);
    },
    [Symbol.dispose]: () => conn.close(),
  };
}

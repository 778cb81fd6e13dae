/**
 * A WebSocket client of bytes: it keeps no rule, so that a test can break any.
 * @module
 */
import { answers, hasAnswers } from "./answers.ts";
import { clientFrame } from "./frames.ts";
import { bytesOf, join, RawClient } from "./raw.ts";
import type { TestServer } from "./server.ts";

/** An opening handshake (RFC 6455, 1.2 and 1.3), whose key is the RFC's own. */
export const HANDSHAKE =
  "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n" +
  "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
  "Sec-WebSocket-Version: 13\r\n\r\n";

/** A frame that the server sent. */
export interface ServerFrame {
  /** The first byte: FIN, reserved bits and opcode. */
  first: number;
  /** The payload. */
  payload: Uint8Array<ArrayBuffer>;
}

/** The server's first frame in the bytes and its size, or `undefined` while it is incomplete. */
function serverFrame(bytes: Uint8Array): { frame: ServerFrame; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]!;
  if (short > 127) throw new Error("the server masked a frame");
  const header = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < header) return undefined;
  let length = short;
  if (header > 2) {
    length = 0;
    for (const byte of bytes.subarray(2, header)) length = length * 256 + byte;
  }
  const size = header + length;
  if (bytes.length < size) return undefined;
  return { frame: { first: bytes[0]!, payload: bytes.slice(header, size) }, size };
}

/** A client whose handshake is done. */
export class WebSocketClient implements Disposable {
  /** The connection below. */
  readonly raw: RawClient;

  private constructor(raw: RawClient) {
    this.raw = raw;
  }

  /**
   * Connects and shakes hands.
   * @param server Where to.
   * @param behind Sent in the same segment as the handshake.
   */
  static open(
    { server }: TestServer,
    behind: string | Uint8Array = "",
  ): Promise<WebSocketClient> {
    return WebSocketClient.connect(server.addr, join(HANDSHAKE, behind));
  }

  /**
   * Connects and shakes hands.
   * @param addr Where to.
   * @param request The handshake, and what is sent in the same segment.
   */
  static async connect(addr: Deno.Addr, request: Uint8Array): Promise<WebSocketClient> {
    const raw = await RawClient.connect(addr);
    try {
      await raw.send(request);
      const received = await raw.until(hasAnswers(1));
      const [answer] = answers(received);
      if (answer?.status !== 101) throw new Error(`answered ${answer?.status} ${answer?.body}`);
      raw.take(received.findIndex((_, i) => endsHead(received, i)) + 4);
    } catch (error) {
      raw.close();
      throw error;
    }
    return new WebSocketClient(raw);
  }

  /** Sends a frame. */
  send(first: number, payload: string | Uint8Array = ""): Promise<void> {
    return this.raw.send(clientFrame(first, bytesOf(payload)));
  }

  /** The server's next frame; `undefined` at the end of the connection. */
  async next(ms?: number): Promise<ServerFrame | undefined> {
    await this.raw.until((bytes) => serverFrame(bytes) !== undefined, ms);
    const found = serverFrame(this.raw.received);
    if (found !== undefined) this.raw.take(found.size);
    return found?.frame;
  }

  /** The frames up to the end of the connection. */
  async rest(ms?: number): Promise<ServerFrame[]> {
    await this.raw.readAll(ms);
    const frames: ServerFrame[] = [];
    for (;;) {
      const found = serverFrame(this.raw.received);
      if (found === undefined) return frames;
      this.raw.take(found.size);
      frames.push(found.frame);
    }
  }

  /** Closes the connection, whatever the protocol says. */
  [Symbol.dispose](): void {
    this.raw.close();
  }
}

function endsHead(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10;
}

/** The code in a server's close frame, or what the frame is instead. */
export function closeCode(frame: ServerFrame | undefined): number | string {
  if (frame === undefined) return "no frame";
  if (frame.first !== 0x88) return `frame 0x${frame.first.toString(16)}`;
  return frame.payload.length === 0 ? 1005 : frame.payload[0]! * 256 + frame.payload[1]!;
}

/**
 * A server under test, on a free port of loopback.
 * @module
 */
import type { Head } from "../../lib/http/head.ts";
import type { Handle } from "../../lib/net/connection.ts";
import { type Common, type ListenerSettings, Server } from "../../lib/net/listener.ts";
import type { SocketHandler } from "../../lib/net/socket_handler.ts";
import { textReply } from "../../lib/http/response.ts";
import { acceptHandshake } from "../../lib/websocket/handshake.ts";
import { RawClient } from "./raw.ts";
import { asWay } from "./way.ts";

/** Settings that no test reaches by accident; a test states the one it is about. */
export const PATIENT: ListenerSettings = {
  handshakeTimeout: 30_000,
  bodyTimeout: 30_000,
  messageTimeout: 30_000,
  pingInterval: 30_000,
  pingTimeout: 30_000,
  closeTimeout: 30_000,
  writeTimeout: 30_000,
  maxMessage: 1 << 20,
  maxFragments: 1024,
  maxBuffered: 1 << 20,
  deflateThreshold: 256,
  maxConnections: 1000,
};

/** A running server; what it reports as a fault and no test takes fails the test at the end. */
export class TestServer implements AsyncDisposable {
  /** The server. */
  readonly server: Server;
  /** What was reported and not taken. */
  readonly #faults: unknown[] = [];

  /**
   * @param handle Answers requests.
   * @param settings What differs from {@linkcode PATIENT}.
   * @param listener Something that accepts; by default a free port.
   * @param vital As the server takes it.
   * @param common What others have in common with it.
   */
  constructor(
    handle: Handle,
    settings: Partial<ListenerSettings> = {},
    listener?: Deno.TcpListener,
    vital?: (head: Head) => boolean,
    common: Partial<Common> = {},
  ) {
    this.server = new Server(
      asWay(listener ?? Deno.listen({ hostname: "127.0.0.1", port: 0 })),
      handle,
      { ...PATIENT, ...settings },
      (error) => this.fault(error),
      {},
      vital,
      common,
    );
  }

  /** Writes down a fault. */
  fault(error: unknown): void {
    this.#faults.push(error);
  }

  /** Connects to it. */
  connect(): Promise<RawClient> {
    return RawClient.connect(this.server.addr);
  }

  /** Waits until it has no more than so many connections; there is no event for that, so it looks again and again. */
  async shrunk(size = 0, ms = 5000): Promise<void> {
    const began = performance.now();
    while (this.server.size > size) {
      if (performance.now() - began > ms) throw new Error(`${this.server.size} connections left`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Takes the messages of the faults that were reported. */
  takeFaults(): string[] {
    return this.#faults.splice(0).map((e) => e instanceof Error ? e.message : String(e));
  }

  /** Stops it at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.shutdown(0);
    if (this.#faults.length > 0) throw this.#faults[0];
  }
}

/** A service that makes a WebSocket of every request that is fit for it. */
export function webSocket(handler: SocketHandler): Handle {
  return async (request) => {
    const answer = await acceptHandshake(request);
    return answer.accepted
      ? { upgrade: answer, handler }
      : textReply(answer.status, answer.reason, answer.headers);
  };
}

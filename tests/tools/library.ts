/**
 * A program's server under test, and clients for it.
 * @module
 */
import { type RunningServer, serve, type ServeOptions, type UpgradeResult } from "../../lib/mod.ts";
import { join, within } from "./raw.ts";
import { HANDSHAKE, WebSocketClient } from "./websocket.ts";

/** How long something may take before a test fails, in ms. */
const PATIENCE = 20_000;

/** Serves on a free port. */
export function testServer<Result extends UpgradeResult = undefined>(
  options: ServeOptions<Result>,
): RunningServer {
  return serve({ port: 0, ...options } as ServeOptions<Result>);
}

/** A client that speaks in bytes, and reads only when it is told to. */
export function rawClient(server: RunningServer, target = "chat"): Promise<WebSocketClient> {
  const addr = { transport: "tcp", hostname: "127.0.0.1", port: server.port } as const;
  return WebSocketClient.connect(addr, join(HANDSHAKE.replace("chat", target)));
}

/** What a client was told, as it comes. */
export class Heard implements AsyncDisposable {
  readonly client: WebSocket;
  readonly #messages: (string | Uint8Array)[] = [];
  readonly #ended: Promise<CloseEvent>;
  #wake: (() => void) | undefined;

  private constructor(client: WebSocket) {
    this.client = client;
    client.binaryType = "arraybuffer";
    client.onmessage = ({ data }) => {
      this.#messages.push(typeof data === "string" ? data : new Uint8Array(data));
      this.#wake?.();
    };
    client.onerror = (event) => event.preventDefault();
    this.#ended = new Promise((resolve) => client.onclose = resolve);
    this.#ended.then(() => this.#wake?.());
  }

  /** Connects. */
  static async open(url: string, protocols: string[] = []): Promise<Heard> {
    const heard = new Heard(new WebSocket(url, protocols));
    await within(PATIENCE, "opening", new Promise((resolve) => heard.client.onopen = resolve));
    return heard;
  }

  /** How it ends. */
  get ended(): Promise<CloseEvent> {
    return within(PATIENCE, "the end", this.#ended);
  }

  /** The next message. */
  async next(): Promise<string | Uint8Array> {
    while (this.#messages.length === 0) {
      if (this.client.readyState === WebSocket.CLOSED) throw new Error("it has ended");
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      await within(PATIENCE, "a message", woken);
    }
    return this.#messages.shift()!;
  }

  /** The next so many. */
  async take(count: number): Promise<(string | Uint8Array)[]> {
    const taken = [];
    for (let i = 0; i < count; i++) taken.push(await this.next());
    return taken;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.ended;
  }
}

/** Something that comes once. */
export class Once<T = void> {
  readonly #come = Promise.withResolvers<T>();
  /** It comes. */
  readonly come: (value: T) => void = this.#come.resolve;

  /** Waits for it. */
  get value(): Promise<T> {
    return within(PATIENCE, "what is waited for", this.#come.promise);
  }
}

/**
 * A client that ends its connection by RST. `Deno.Conn` ends it by FIN whatever was left unread. It reads only while it waits
 * for something.
 * @module
 */
import net from "node:net";
import tls from "node:tls";
import { bytesOf, textOf, within } from "./raw.ts";
import { isEncrypted } from "./way.ts";

/** A TCP connection that is made to be reset. */
export class ResettingClient {
  readonly #socket: net.Socket;
  readonly #below: net.Socket;
  #received = "";

  private constructor(socket: net.Socket, below: net.Socket) {
    this.#socket = socket;
    this.#below = below;
    socket.pause();
  }

  /**
   * Connects over loopback.
   * @param bare Whether nothing of TLS is said, whatever the test's bytes go through.
   */
  static async connect(addr: Deno.Addr, bare = false): Promise<ResettingClient> {
    const socket = net.connect((addr as Deno.NetAddr).port, "127.0.0.1");
    socket.on("error", () => {});
    await within(5000, "connecting", new Promise((resolve) => socket.once("connect", resolve)));
    if (bare || !isEncrypted()) return new ResettingClient(socket, socket);
    const secure = tls.connect({ socket, rejectUnauthorized: false });
    secure.on("error", () => {});
    const shaken = new Promise((resolve) => secure.once("secureConnect", resolve));
    await within(5000, "shaking hands", shaken);
    return new ResettingClient(secure, socket);
  }

  /** Sends all of it. */
  async send(data: string | Uint8Array): Promise<void> {
    const sent = new Promise((resolve) => this.#socket.write(bytesOf(data), resolve));
    await within(5000, "sending", sent);
  }

  /** Reads until something has come, and gives all that has, a character each byte. */
  async until(wanted: RegExp): Promise<string> {
    const found = new Promise<void>((resolve) => {
      const look = () => wanted.test(this.#received) && resolve();
      look();
      this.#socket.on("data", (bytes: Uint8Array) => {
        this.#received += textOf(bytes);
        look();
      });
      this.#socket.resume();
    });
    await within(20_000, `${wanted}`, Promise.race([found, closedOf(this.#socket)]));
    this.#socket.removeAllListeners("data").pause();
    return this.#received;
  }

  /** Reads to the end of the connection, however the server ends it, and gives all that has come. */
  rest(): Promise<string> {
    return this.until(/(?!)/);
  }

  /** Ends the connection by FIN. */
  finish(): void {
    this.#socket.destroy();
  }

  /** Ends the connection by RST, where it has not ended by now. */
  async reset(): Promise<void> {
    const closed = closedOf(this.#below);
    // One that is paused would not say that it is closed.
    this.#socket.resume();
    this.#below.resetAndDestroy();
    await within(5000, "resetting", closed);
  }
}

function closedOf(socket: net.Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

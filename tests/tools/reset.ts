/**
 * A client that ends its connection by RST. `Deno.Conn` ends it by FIN whatever was left unread.
 * @module
 */
import net from "node:net";
import tls from "node:tls";
import { bytesOf, within } from "./raw.ts";
import { isEncrypted } from "./way.ts";

/** A TCP connection that is made to be reset. */
export class ResettingClient {
  readonly #socket: net.Socket;
  readonly #below: net.Socket;

  private constructor(socket: net.Socket, below: net.Socket) {
    this.#socket = socket;
    this.#below = below;
  }

  /** Connects over loopback. */
  static async connect(addr: Deno.Addr): Promise<ResettingClient> {
    const socket = net.connect((addr as Deno.NetAddr).port, "127.0.0.1");
    socket.on("error", () => {});
    await within(5000, "connecting", new Promise((resolve) => socket.once("connect", resolve)));
    if (!isEncrypted()) return new ResettingClient(socket, socket);
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

  /** Ends the connection by RST. */
  async reset(): Promise<void> {
    const closed = new Promise((resolve) => this.#below.once("close", resolve));
    this.#below.resetAndDestroy();
    await within(5000, "resetting", closed);
  }
}

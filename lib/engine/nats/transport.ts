/**
 * The bytes to and from NATS: the client's own transport, on a socket that cannot end this process.
 *
 * The client takes all listeners off a socket before it destroys it. Under Node nothing is heard of such a socket any more;
 * under Deno a reset that was on its way still is an error, and one that nobody listens to ends the process: a server that
 * refuses credentials does that to whoever asks.
 * @module
 */
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import {
  type ConnectionOptions,
  type NatsConnection,
  NatsConnectionImpl,
  nodeResolveHost,
  NodeTransport,
  setTransportFactory,
} from "./client.ts";

class Transport extends NodeTransport {
  override async dial(...args: Parameters<NodeTransport["dial"]>): Promise<Socket> {
    return heard(await super.dial(...args));
  }

  override async tlsFirst(...args: Parameters<NodeTransport["tlsFirst"]>): Promise<TLSSocket> {
    return heard(await super.tlsFirst(...args));
  }

  override async startTLS(): Promise<TLSSocket> {
    return heard(await super.startTLS());
  }
}

/** Sees to it that a socket's errors have a listener, whatever others are taken off it: whom they concern has one of its own. */
function heard<T extends Socket>(socket: T): T {
  const removeAll = socket.removeAllListeners;
  socket.removeAllListeners = (...args) => {
    removeAll.apply(socket, args);
    return socket.on("error", () => {});
  };
  return socket.on("error", () => {});
}

/**
 * Connects, as the client's own `connect` does.
 * @throws {Error} The client's.
 */
export function connect(options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new Transport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}

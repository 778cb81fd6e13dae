/**
 * Kodama as a library: a WebSocket server on raw TCP, and the codec it is made of.
 *
 * ```ts
 * import { serve } from "@kodama/kodama";
 *
 * const server = serve({
 *   port: 0,
 *   open: (socket) => socket.send("hello"),
 *   message: (socket, data) => socket.send(data),
 * });
 *
 * const client = new WebSocket(server.url);
 * client.onmessage = (event) => {
 *   console.log(event.data); // "hello"
 *   client.close();
 * };
 * client.onclose = () => server.shutdown();
 * await server.finished;
 * ```
 *
 * `deno add jsr:@kodama/kodama` makes the name known. To a checkout that is `../kodama` it leads by `deno.json`:
 *
 * ```json
 * {
 *   "imports": { "@kodama/kodama": "jsr:@kodama/kodama@^0.1.0" },
 *   "links": ["../kodama", "../kodama/std/crypto", "../kodama/std/encoding"]
 * }
 * ```
 *
 * @module
 */
import { HttpError } from "./http/error.ts";
import type { Head } from "./http/head.ts";
import { type Reply, textReply } from "./http/response.ts";
import { Server } from "./net/listener.ts";
import type { ListenerSettings } from "./net/listener.ts";
import type { Peer } from "./net/transport.ts";
import { defaults } from "./settings/config.ts";
import { checkedOptions, checkReply } from "./options.ts";
import { checkOrigin } from "./auth/origin.ts";
import { upgradeOf, wantsUpgrade } from "./service/request.ts";
import { CloseCode } from "./websocket/close.ts";
import { Opcode } from "./websocket/frame.ts";
import type { DeflateMode } from "./websocket/negotiate.ts";

export * from "./websocket/close.ts";
export * from "./websocket/frame.ts";
export { rotateKey, unmask, unmaskWords } from "./websocket/unmask.ts";
export * from "./websocket/utf8.ts";
export type { DeflateMode };
export type { ConnectionSettings } from "./net/settings.ts";
export type { MessageLimits } from "./websocket/message.ts";
export type { Head, ListenerSettings, Peer, Reply };

/** The server's side of one WebSocket. */
export interface ServerSocket {
  /** Who is at the other end. */
  readonly peer: Peer;
  /** The subprotocol that was chosen; empty where none was. */
  readonly protocol: string;
  /** Whether messages can be sent. */
  readonly open: boolean;
  /** What was sent and has not left yet, in bytes. */
  readonly bufferedAmount: number;
  /**
   * Sends a message; it leaves with all else that is sent in this turn of the event loop.
   * @param data Text, or bytes, which are copied.
   * @returns Whether it was taken: `false` once the connection is closing, or if the peer reads too slowly (1013).
   */
  send(data: string | Uint8Array): boolean;
  /**
   * Begins the closing handshake, behind what was sent before (RFC 6455, 7.1.2).
   * @param code 1000 (default), 1001, 1003, 1007 to 1014, or 3000 to 4999.
   * @param reason At most 123 bytes of UTF-8; what is longer is cut.
   * @throws {RangeError} If the code must not appear in a close frame.
   */
  close(code?: number, reason?: string): void;
}

/**
 * What {@linkcode serve} is told. Every limit and time of {@linkcode ListenerSettings} can be set too, in bytes and
 * ms. Channels, their history, rates and tokens are the service's, and no options here.
 */
export interface ServeOptions extends Partial<ListenerSettings> {
  /** The address to listen on. Default `127.0.0.1`. */
  hostname?: string;
  /** The TCP port; 0 for any free one. Default 9999. */
  port?: number;
  /** The subprotocols spoken here; the first of a client's that is among them is chosen. */
  protocols?: readonly string[];
  /** What compression is agreed on where a client offers it (RFC 7692). Default `shared`. */
  deflate?: DeflateMode;
  /** Origins that may connect besides the server's own; `*` for all. Default none. */
  origins?: readonly string[];
  /**
   * Asked before a WebSocket is accepted, and for every request that is none.
   * @returns What to answer; for a WebSocket, `undefined` accepts it. Default: accepts all, and 426 for the others.
   */
  request?: (request: Head & { peer: Peer }) => Reply | undefined | Promise<Reply | undefined>;
  /** A WebSocket is open. Like the next two it may be asynchronous. */
  open?: (socket: ServerSocket, request: Head) => unknown;
  /** A message: text as a string, binary as bytes that are yours to keep. */
  message?: (socket: ServerSocket, data: string | Uint8Array<ArrayBuffer>) => unknown;
  /** The end, exactly once; 1006 where it came without a close frame. */
  close?: (socket: ServerSocket, code: number, reason: string) => unknown;
  /**
   * Told of what a handler threw, or rejected with; it has ended that connection (1011, or 500 where it was a request)
   * and no other. Told of the system's faults, too, such as no more open files. Default: `console.error`.
   */
  error?: (error: unknown) => unknown;
}

/** A server that runs. */
export interface RunningServer {
  /** Where it listens: `ws://…`. */
  readonly url: string;
  /** The port it listens on. */
  readonly port: number;
  /** Resolves when it has ended. */
  readonly finished: Promise<void>;
  /**
   * Stops accepting, closes every WebSocket with 1001 and ends when all are gone.
   * @param drain Over how long the closes are spread, and when what is left is dropped, in ms. Default 10,000.
   */
  shutdown(drain?: number): Promise<void>;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Serves WebSocket (RFC 6455) on a port of its own.
 * @param options What to listen on, limits, and who is told.
 * @throws {TypeError} If an option has a name or a type that there is not; `RangeError` if a limit is too small.
 * @throws {Deno.errors.AddrInUse} And what else `Deno.listen` throws.
 */
export function serve(options: ServeOptions): RunningServer {
  const given = checkedOptions(options);
  const { hostname = defaults.hostname, port = Number(defaults.port) } = given;
  const { protocols = [], origins = [], deflate = defaults.deflate, request: ask } = given;
  const { error: tell = console.error } = given;
  const listener = Deno.listen({ hostname, port });

  /** Whoever is told may fail as well: that is told, too, and ends nothing. */
  const report = async (error: unknown) => {
    try {
      await tell(error);
    } catch (another) {
      try {
        console.error(error, another);
      } catch {
        // Standard error takes nothing (a full disk): there is nobody left to be told.
      }
    }
  };

  /** A handler may be asynchronous; what it rejects with ends its connection as what it throws does. */
  const settle = (socket: ServerSocket, result: unknown) => {
    if (!(result instanceof Promise)) return;
    result.catch((error) => {
      socket.close(CloseCode.InternalError, "internal error");
      return report(error);
    });
  };

  /** Asks the program about a request. Its fault is told here, since to a connection some are only its end. */
  const answerOf = async (request: Head & { peer: Peer }) => {
    try {
      const answer: unknown = await ask?.(request);
      if (answer !== undefined) checkReply(answer);
      return answer;
    } catch (error) {
      if (error instanceof HttpError) throw error;
      report(error);
      throw new HttpError(500, "internal error");
    }
  };

  const server = new Server(
    listener,
    async (request) => {
      const upgrading = wantsUpgrade(request);
      if (upgrading) checkOrigin(request, origins);
      const answer = await answerOf(request);
      if (answer !== undefined) return answer;
      if (!upgrading) return textReply(426, "a WebSocket is here", [["Upgrade", "websocket"]]);
      if (request.hasBody) throw new HttpError(400, "a WebSocket handshake has no body");
      return {
        upgrade: upgradeOf(request, { config: { deflate } }, protocols),
        handler: {
          open: (socket) => settle(socket, given.open?.(socket, request)),
          message(socket, payload, opcode) {
            const data = opcode === Opcode.Text ? decoder.decode(payload) : payload.slice();
            settle(socket, given.message?.(socket, data));
          },
          close: (socket, { code, reason }) => settle(socket, given.close?.(socket, code, reason)),
        },
      };
    },
    { ...defaults, maxConnections: Infinity, ...given },
    report,
  );

  const addr = listener.addr as Deno.NetAddr;
  return {
    url: `ws://${addr.hostname.includes(":") ? `[${addr.hostname}]` : addr.hostname}:${addr.port}/`,
    port: addr.port,
    finished: server.finished,
    shutdown: (drain = defaults.drain) => server.shutdown(drain),
  };
}

/**
 * Kodama as a library: a WebSocket server on raw TCP, with channels that remember, and HTTP beside it.
 *
 * ```ts
 * import { serve } from "@kodama/kodama";
 *
 * await using server = serve({
 *   port: 0,
 *   open(socket) {
 *     socket.subscribe("news", { since: "all" });
 *   },
 *   message(_, data) {
 *     server.publish("news", data);
 *   },
 * });
 *
 * const client = new WebSocket(server.url);
 * client.onopen = () => client.send("hello");
 * const { data } = await new Promise<MessageEvent>((resolve) => client.onmessage = resolve);
 * console.log(data); // "hello"
 * client.close();
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
export { type RunningServer, serve } from "./library/serve.ts";
export type {
  ChannelOptions,
  DataOf,
  ServeLimits,
  ServeOptions,
  Upgrade,
  UpgradeResult,
} from "./library/serve_options.ts";
export type {
  SendOptions,
  ServerSocket,
  SocketSubscribeOptions,
  Subscribed,
} from "./library/server_socket.ts";
export type {
  ChannelGap,
  ChannelMessage,
  PublishOptions,
  Receipt,
  SubscribeOptions,
  Subscription,
} from "./library/channels.ts";
export { EngineError } from "./hub/engine.ts";
export { CloseCode } from "./websocket/close.ts";
export { ListenError } from "./net/conn.ts";
export type { Engine } from "./hub/engine.ts";
export type { OwnLog } from "./engine/own.ts";
export type { Loss } from "./hub/cursor.ts";
export type { Kind } from "./hub/message.ts";
export type { KeyPair } from "./net/certificate.ts";
export type { ConnectionSettings } from "./net/settings.ts";
export type { DeflateMode } from "./websocket/negotiate.ts";
export type { Head } from "./http/head.ts";
export type { ListenerSettings } from "./net/listener.ts";
export type { MessageLimits } from "./websocket/message.ts";
export type { Peer } from "./net/transport.ts";
export type { Fetch, FetchInfo } from "./net/web.ts";
export type { Reply } from "./http/response.ts";

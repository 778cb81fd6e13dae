/**
 * The clients: one small program each, in the folder of its toolchain.
 * @module
 */
import type { ToolchainName } from "./toolchains.ts";

/** What a program does, and with that what it must say. */
export type Role = "websocket" | "publish" | "events" | "pusher";

/** Which messages cross the wire compressed, seen from the client. */
export type Compression = "both ways" | "what comes" | "what goes" | "nothing";

/** One program. */
export interface Program {
  /** What its users call the client. */
  client: string;
  /** What it does. */
  role: Role;
  /** What it is built and run with. */
  toolchain: ToolchainName;
  /** Its file, or what its toolchain calls it. */
  program: string;
  /** What the client can compress, WebSocket alone. It is held to it. */
  compression: Compression;
}

function program(
  toolchain: ToolchainName,
  role: Role,
  client: string,
  program: string,
  compression: Compression = "nothing",
): Program {
  return { client, role, toolchain, program, compression };
}

/** All of them. */
export const PROGRAMS: readonly Program[] = [
  program("Python", "websocket", "websockets", "websockets_client.py", "both ways"),
  program("Python", "websocket", "aiohttp", "aiohttp_client.py", "both ways"),
  program("Python", "websocket", "websocket-client", "websocket_client.py"),
  program("Python", "publish", "requests", "requests_client.py"),
  program("Python", "publish", "httpx", "httpx_client.py"),
  program("Python", "publish", "aiohttp", "aiohttp_publish.py"),
  program("Python", "publish", "urllib", "urllib_client.py"),
  program("Python", "events", "sseclient-py with requests", "sseclient_events.py"),
  program("Python", "events", "httpx-sse", "httpx_events.py"),
  program("Python", "pusher", "pusher", "pusher_server.py"),

  program("Go", "websocket", "gorilla/websocket", "gorilla", "both ways"),
  program("Go", "websocket", "coder/websocket", "coder", "both ways"),
  program("Go", "publish", "net/http", "nethttp_publish"),
  program("Go", "events", "net/http", "nethttp_events"),
  program("Go", "pusher", "pusher-http-go", "pusher"),

  program("Rust", "websocket", "tungstenite", "tungstenite"),
  program("Rust", "publish", "ureq", "ureq"),
  program("Rust", "publish", "reqwest", "reqwest"),
  program("Rust", "events", "eventsource-stream with reqwest", "events"),

  program("Java", "websocket", "java.net.http.WebSocket", "JdkWebSocket"),
  program("Java", "websocket", "OkHttp", "OkHttpWebSocket", "both ways"),
  program("Java", "websocket", "Java-WebSocket", "JavaWebSocket", "both ways"),
  program("Java", "websocket", "Vert.x", "VertxWebSocket", "both ways"),
  program("Java", "websocket", "Reactor Netty", "ReactorNettyWebSocket", "both ways"),
  program("Java", "publish", "java.net.http.HttpClient", "JdkPublish"),
  program("Java", "publish", "OkHttp", "OkHttpPublish"),
  program("Java", "events", "java.net.http.HttpClient", "JdkEvents"),
  program("Java", "events", "okhttp-sse", "OkHttpEvents"),

  program("Node", "websocket", "ws", "ws.mjs", "both ways"),
  program("Node", "websocket", "undici", "undici_websocket.mjs", "what comes"),
  program("Node", "websocket", "faye-websocket", "faye_websocket.mjs", "both ways"),
  program("Node", "websocket", "websocket", "websocket.mjs"),
  program("Node", "publish", "fetch", "fetch.mjs"),
  program("Node", "publish", "undici", "undici_request.mjs"),
  program("Node", "publish", "node:http", "http.mjs"),
  program("Node", "events", "eventsource", "eventsource.mjs"),
  program("Node", "pusher", "pusher", "pusher_server.mjs"),

  program("Bun", "websocket", "WebSocket", "websocket.mjs", "both ways"),
  program("Bun", "publish", "fetch", "fetch.mjs"),

  program("Perl", "websocket", "Mojolicious", "websocket.pl", "both ways"),
  program("Perl", "publish", "Mojolicious", "publish.pl"),

  program("curl", "publish", "curl", "publish.sh"),
  program("curl", "events", "curl", "events.sh"),
];

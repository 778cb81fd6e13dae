/**
 * Subscribers that never read, and what is published to them, in a thread of its own: {@linkcode startFlood}.
 * @module
 */
/// <reference lib="deno.worker" />
import { dial, receive, send } from "./libc.ts";

/** What is published, to whom. */
export interface Flood {
  /** The server's port. */
  port: number;
  /** How many channels, each with one subscriber that never reads. */
  channels: number;
  /** Body of a message, in bytes. */
  size: number;
  /** Messages a second, to the channels in turn. */
  rate: number;
}

/** What came of it. */
export interface Flooded {
  /** How many were published. */
  published: number;
  /** How many were refused. */
  refused: number;
}

/** Publishers: requests that are under way at most. */
const PUBLISHERS = 8;

/** Connects all of them. */
export async function startFlood(flood: Flood): Promise<{ go(): void; stop(): Promise<Flooded> }> {
  const worker = new Worker(import.meta.url, { type: "module" });
  const next = () => new Promise((resolve) => worker.onmessage = ({ data }) => resolve(data));
  worker.postMessage(flood);
  await next();
  return {
    go: () => worker.postMessage("go"),
    async stop() {
      const told = next();
      worker.postMessage("stop");
      const flooded = await told as Flooded;
      worker.terminate();
      return flooded;
    },
  };
}

const encoder = new TextEncoder(), decoder = new TextDecoder();

/** Least that the system keeps for who does not read: what it does not take waits in the server. In bytes. */
const RECEIVE_BUFFER = 4096;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Shakes hands, and reads nothing behind the head. */
async function subscribe({ port }: Flood, channel: number): Promise<void> {
  const fd = dial(port, RECEIVE_BUFFER);
  const request = encoder.encode(
    `GET /stuck/${channel} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      "Sec-WebSocket-Version: 13\r\n\r\n",
  );
  while (send(fd, request, request.length) === 0) await sleep(1);
  const answer = new Uint8Array(1024);
  let count: number;
  while ((count = receive(fd, answer)) === 0) await sleep(1);
  const head = decoder.decode(answer.subarray(0, Math.max(0, count)));
  if (!head.startsWith("HTTP/1.1 101")) throw new Error(`refused: ${head}`);
}

/** Publishes one after the other, at a part of the rate. */
async function publish(
  { port, channels, size, rate }: Flood,
  first: number,
  flooded: Flooded,
  going: () => boolean,
): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  const body = new Uint8Array(size).fill(97), answer = new Uint8Array(4096);
  const began = performance.now();
  for (let i = 0; going(); i++) {
    const due = began + (i * PUBLISHERS + first) * 1000 / rate - performance.now();
    if (due > 0) await sleep(due);
    const channel = (i * PUBLISHERS + first) % channels;
    const head = encoder.encode(
      `POST /stuck/${channel} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\n`,
    );
    for (const part of [head, body]) {
      for (let at = 0; at < part.length;) at += await conn.write(part.subarray(at));
    }
    const count = await conn.read(answer);
    if (/^HTTP\/1\.1 200 /.test(decoder.decode(answer.subarray(0, count ?? 0)))) {
      flooded.published++;
    } else flooded.refused++;
  }
  conn.close();
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  let going = true, publishing: Promise<unknown> = Promise.resolve(), flood: Flood;
  const flooded: Flooded = { published: 0, refused: 0 };
  self.onmessage = async ({ data }) => {
    if (data === "go") {
      publishing = Promise.all(
        Array.from({ length: PUBLISHERS }, (_, i) => publish(flood, i, flooded, () => going)),
      );
    } else if (data === "stop") {
      going = false;
      await publishing;
      self.postMessage(flooded);
    } else {
      flood = data;
      for (let i = 0; i < flood.channels; i++) await subscribe(flood, i);
      self.postMessage("ready");
    }
  };
}

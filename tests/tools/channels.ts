/**
 * Talks to channels as their clients do: requests, WebSockets and streams of events, over TCP.
 * @module
 */
import { type Answer, answers, hasAnswers } from "./answers.ts";
import { bytesOf, join, RawClient, textOf } from "./raw.ts";
import { closeCode, WebSocketClient } from "./websocket.ts";

/** Fields of a request; `undefined` leaves one out that is otherwise sent. */
export type RequestFields = Record<string, string | undefined>;

/** What a handshake needs besides `Host`. */
export const UPGRADE: Readonly<RequestFields> = {
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version": "13",
};

/** Where a service under test listens. */
export function addressOf(port: number): Deno.NetAddr {
  return { transport: "tcp", hostname: "127.0.0.1", port };
}

/**
 * A request as bytes.
 * @param line Method and target, sent as they are.
 * @param fields Besides `Host` and, where there is a body, `Content-Length`.
 */
export function requestBytes(
  port: number,
  line: string,
  fields: RequestFields = {},
  body?: string | Uint8Array,
): Uint8Array<ArrayBuffer> {
  const all: RequestFields = { Host: `127.0.0.1:${port}` };
  if (body !== undefined && fields["Transfer-Encoding"] === undefined) {
    all["Content-Length"] = String(bytesOf(body).length);
  }
  Object.assign(all, fields);
  const lines = Object.entries(all).filter(([, value]) => value !== undefined);
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return join(`${line} HTTP/1.1\r\n${head}\r\n`, body ?? "");
}

/** Sends one request and reads its answer, the body as UTF-8. */
export async function ask(
  { port }: { port: number },
  line: string,
  fields?: RequestFields,
  body?: string | Uint8Array,
): Promise<Answer> {
  using client = await RawClient.connect(addressOf(port));
  await client.send(requestBytes(port, line, fields, body));
  const head = line.startsWith("HEAD ");
  const [answer] = answers(await client.until(hasAnswers(1, head)), head);
  if (answer === undefined) throw new Error(`${line}: no answer`);
  const bytes = Uint8Array.from(answer.body, (character) => character.charCodeAt(0));
  return { ...answer, body: new TextDecoder().decode(bytes) };
}

/** Publishes a text, or what `type` says. Returns the receipt. */
export async function post(
  service: { port: number },
  channel: string,
  body: string | Uint8Array,
  type?: string,
): Promise<{ id: string; subscribers: number }> {
  const answer = await ask(service, `POST /${channel}`, { "Content-Type": type }, body);
  if (answer.status !== 200) throw new Error(`answered ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body);
}

/** What a channel remembers, without the ids. */
export async function remembered(
  service: { port: number },
  channel: string,
): Promise<Record<string, unknown>[]> {
  const { messages } = JSON.parse((await ask(service, `GET /${channel}`)).body);
  return messages.map(({ id: _, ...message }: { id: string }) => message);
}

/** Who subscribes to what, as an operator sees it. */
export async function channelsOf(
  service: { port: number },
): Promise<{ name: string; subscribers: number; last?: string }[]> {
  return JSON.parse((await ask(service, "GET /-/channels")).body).channels;
}

/** Waits until nobody subscribes; nobody outside is told of that, so it looks again and again. */
export async function deserted(service: { port: number }, ms = 5000): Promise<void> {
  const began = performance.now();
  while ((await channelsOf(service)).length > 0) {
    if (performance.now() - began > ms) throw new Error("somebody still subscribes");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until so many have been accepted; nobody outside is told of that, so it looks again and again. */
export async function accepted(service: { port: number }, count: number, ms = 5000): Promise<void> {
  const began = performance.now();
  for (let asked = 1;; asked++) {
    const { body } = await ask(service, "GET /-/metrics");
    const counts = [...body.matchAll(/^kodama_accepted_total\{tls="\w+"\} (\d+)$/gm)];
    if (counts.reduce((sum, [, n]) => sum + Number(n), 0) === count + asked) return;
    if (performance.now() - began > ms) throw new Error(`not ${count} accepted: ${body}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What follows an id: the number behind its epoch. */
export function numberOf(id: string): number {
  return Number(id.slice(id.lastIndexOf(".") + 1));
}

/** A subscriber by WebSocket. */
export class Subscriber implements Disposable {
  /** The client below. */
  readonly client: WebSocketClient;

  private constructor(client: WebSocketClient) {
    this.client = client;
  }

  /** Subscribes; `behind` is sent in the same segment as the handshake. */
  static async open(
    { port }: { port: number },
    target: string,
    fields: RequestFields = {},
    behind: Uint8Array = new Uint8Array(0),
  ): Promise<Subscriber> {
    const request = requestBytes(port, `GET ${target}`, { ...UPGRADE, ...fields });
    return new Subscriber(await WebSocketClient.connect(addressOf(port), join(request, behind)));
  }

  /** The next message, which must be a text. */
  async text(): Promise<string> {
    const frame = await this.client.next();
    if (frame?.first !== 0x81) throw new Error(`not a text: ${closeCode(frame)}`);
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(frame.payload);
  }

  /** The next message, which must be JSON. */
  // deno-lint-ignore no-explicit-any
  async json(): Promise<any> {
    return JSON.parse(await this.text());
  }

  /** Sends a text as it is, or anything else as JSON. */
  say(value: unknown): Promise<void> {
    return this.client.send(0x81, typeof value === "string" ? value : JSON.stringify(value));
  }

  /** How the server closes: code and reason. What comes before it is passed over. */
  async closed(): Promise<string> {
    for (;;) {
      const frame = await this.client.next();
      if (frame !== undefined && frame.first !== 0x88) continue;
      return `${closeCode(frame)} ${textOf(frame?.payload.subarray(2) ?? new Uint8Array(0))}`;
    }
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
  }
}

/** An event of a stream: its cursor, and its data as JSON. */
export interface ServerEvent {
  id: string;
  // deno-lint-ignore no-explicit-any
  data: any;
}

/** A subscriber by Server-Sent Events. */
export class EventStream implements Disposable {
  /** The answer's head. */
  readonly answer: Answer;
  /** The connection. */
  readonly raw: RawClient;
  /** Whether the last chunk has come. */
  ended = false;

  private constructor(raw: RawClient, answer: Answer) {
    this.raw = raw;
    this.answer = answer;
  }

  /** Subscribes. */
  static async open(
    { port }: { port: number },
    target: string,
    fields: RequestFields = {},
  ): Promise<EventStream> {
    const raw = await RawClient.connect(addressOf(port));
    await raw.send(requestBytes(port, `GET ${target}`, { Accept: "text/event-stream", ...fields }));
    const received = await raw.until((bytes) => textOf(bytes).includes("\r\n\r\n"));
    const [answer] = answers(received);
    if (answer?.status !== 200) {
      raw.close();
      throw new Error(`answered ${answer?.status} ${answer?.body}`);
    }
    raw.take(textOf(received).indexOf("\r\n\r\n") + 4);
    return new EventStream(raw, answer);
  }

  /** The next chunk as it is on the wire, with its size; `undefined` where the body or the connection ends. */
  async #chunk(): Promise<string | undefined> {
    const head = /^([0-9a-f]+)\r\n/;
    const whole = (bytes: Uint8Array) => {
      const match = head.exec(textOf(bytes.subarray(0, 16)));
      return match === null ? Infinity : match[0].length + Number.parseInt(match[1]!, 16) + 2;
    };
    const received = await this.raw.until((bytes) => bytes.length >= whole(bytes));
    const size = whole(received);
    if (received.length < size) return undefined;
    const chunk = this.raw.take(size);
    const text = new TextDecoder().decode(chunk);
    if (!text.endsWith("\r\n")) throw new Error(`not a chunk: ${text}`);
    const data = text.slice(text.indexOf("\r\n") + 2, -2);
    if (data === "") this.ended = true;
    return data === "" ? undefined : data;
  }

  /** The next block of lines, which is one chunk, without the empty one that ends it; `undefined` at the end of the stream. */
  async block(): Promise<string | undefined> {
    const chunk = await this.#chunk();
    if (chunk === undefined) return undefined;
    if (chunk.indexOf("\n\n") !== chunk.length - 2) throw new Error(`not one block: ${chunk}`);
    return chunk.slice(0, -2);
  }

  /** The next event. */
  async next(): Promise<ServerEvent> {
    const block = await this.block();
    const match = /^id: ([^\n]*)\ndata: ([^\n]*)$/.exec(block ?? "");
    if (match === null) throw new Error(`not an event: ${block}`);
    return { id: match[1]!, data: JSON.parse(match[2]!) };
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    this.raw.close();
  }
}

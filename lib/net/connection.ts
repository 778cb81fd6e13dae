/**
 * One accepted connection: requests one after another, until it ends or becomes a WebSocket.
 * @module
 */
import { bodyFraming } from "../http/body.ts";
import { HttpError, reasons } from "../http/error.ts";
import { type Head, HeadParser } from "../http/head.ts";
import { encodeHead, encodeResponse, type Reply, textReply } from "../http/response.ts";
import { CloseCode } from "../websocket/close.ts";
import { wantsWebSocket } from "../websocket/handshake.ts";
import type { Answer, Endless, Request, Streamed, Upgrade } from "./answer.ts";
import type { Leave } from "./callers.ts";
import { type Conn, HandshakeError } from "./conn.ts";
import type { ConnectionContext } from "./context.ts";
import { Count } from "./counts.ts";
import { Exchange } from "./exchange.ts";
import { RequestBody } from "./request_body.ts";
import { sendStreamed } from "./response_body.ts";
import { Socket } from "./socket.ts";
import { Stream } from "./stream.ts";
import { isGone, type Owner, Transport } from "./transport.ts";

export type { Answer, Endless, Exchange, Request, Streamed, Upgrade };

/** What a service answers; an {@linkcode HttpError} that it throws is an answer too. */
export type Handle = (request: Exchange) => Answer | Promise<Answer>;

/** For the peer to read our last answer and end its side, in ms. */
const LINGER = 2000;
/** Answers that gather while more requests are there, in bytes. */
const GATHERED = 16 * 1024;

/** One connection, from accept to its end. */
export class Connection implements Owner {
  /** Its WebSocket or its response without an end, once it has become one. */
  session: Socket | Stream | undefined;
  readonly #transport: Transport;
  readonly #context: ConnectionContext;
  /** When what is awaited from the client must be there; `Infinity` while nothing is. */
  #deadline = Infinity;
  /** Whether a request has begun, and has no answer yet: who is too slow then is told. */
  #begun = false;
  /** The request that is being answered. */
  #exchange: Exchange | undefined;
  /** Where it is counted as open. */
  #place: number;
  /** Stops waiting for the handler. */
  #abandon: ((reason: Error) => void) | undefined;
  /** Gives back the place that the present request has among those of its client. */
  #leave: Leave | undefined;
  /** How long the head of the present request is, in bytes. */
  #headSize = 0;
  /** Whether nothing is under way: a keep-alive connection between two requests. */
  idle = true;

  /**
   * @param conn As accepted.
   * @param context What all connections share.
   */
  constructor(conn: Conn, context: ConnectionContext) {
    this.#context = context;
    this.#transport = new Transport(conn, context.clock, context.counts, context.backlog);
    this.#transport.owner = this;
    this.#place = this.#placeOf(Count.open);
    context.counts[this.#place]!++;
  }

  /** Serves it to its end. Never rejects. */
  async serve(): Promise<void> {
    const context = this.#context, transport = this.#transport;
    try {
      while (await this.#request());
      // Here, where nothing holds on to the request any more.
      if (this.session !== undefined) await this.session.run();
      else {
        transport.leave(LINGER).catch(context.fault);
        while (await transport.read() > 0);
      }
    } catch (error) {
      if (!isGone(error)) context.fault(error);
    } finally {
      // Also a peer that has ended its side is told the end, over TLS, and has what was owed to it.
      await transport.left;
      context.counts[this.#place]!--;
      this.#leave?.();
      transport.drop();
      await transport.outbox.drained();
      transport.count();
      transport.input.dispose();
    }
  }

  /** Refuses the connection as a whole, with an answer to no request. */
  refuse(error: HttpError): void {
    this.#refused(error, false);
    this.#send(refusal(error), { method: "GET", keepAlive: false });
    this.#transport.leave(LINGER).catch(this.#context.fault);
  }

  /** Begins to end its session, if it has one, since the server is shutting down. */
  goAway(): void {
    this.session?.goAway();
  }

  /** Ends it in favour of others, unless a request is under way. */
  shed(): void {
    if (this.session instanceof Socket) this.session.close(CloseCode.TryAgainLater, "no file left");
    else if (this.session !== undefined) this.session.close();
    else if (this.idle && !this.#transport.leaving) {
      this.refuse(new HttpError(503, "no file left", [["Retry-After", "1"]], "full"));
    }
  }

  /** Ends it at once, also where a handler has not answered yet. */
  drop(): void {
    this.#abandon?.(new Deno.errors.Interrupted("dropped"));
    if (this.session !== undefined) this.session.drop();
    else this.#drop();
  }

  #drop(): void {
    this.#transport.drop();
    this.#exchange?.lose();
  }

  /** @inheritDoc */
  tick(now: number): void {
    const { outbox } = this.#transport;
    const stuck = now - outbox.progressAt > this.#context.settings.writeTimeout;
    if (outbox.bufferedAmount > 0 && stuck) {
      this.#context.counts[Count.slow + 1]!++;
      return this.#drop();
    }
    if (now < this.#deadline) return;
    if (this.#begun) this.refuse(new HttpError(408, "the request took too long"));
    else this.#transport.leave(0).catch(this.#context.fault);
    this.#exchange?.lose();
  }

  /** @inheritDoc */
  overflow(): void {
    this.#context.counts[Count.slow + 2]!++;
    this.#drop();
  }

  /** Serves one request. Returns whether another may follow. */
  async #request(): Promise<boolean> {
    const { outbox } = this.#transport;
    this.#transport.client = this.#transport.peer;
    this.#leave?.();
    this.#leave = undefined;
    let request = { method: "GET", keepAlive: false }, handshake = false;
    let body: RequestBody | undefined;
    try {
      const head = await this.#head();
      if (head === undefined) return false;
      request = head;
      handshake = wantsWebSocket(head.headers);
      const { callers } = this.#context, { peer } = this.#transport;
      this.#transport.client = callers.client(head, peer);
      this.#leave = callers.request(this.#transport.client, peer);
      this.idle = false;
      body = new RequestBody(
        bodyFraming(head),
        head,
        this.#transport,
        this.#context.settings,
        this.#inTime,
      );
      const exchange = this.#exchange = request = new Exchange(head, body, this.#transport);
      const answer = await this.#answer(exchange);
      this.#abandon = undefined;
      if ("upgrade" in answer) return this.#upgrade(answer);
      if ("stream" in answer) return this.#stream(answer, head);
      request.keepAlive &&= !this.#context.draining;
      if ("source" in answer) return await this.#streamed(answer, exchange, body);
      // Who still reads the body need not have read it to be answered.
      const open = body.open;
      if (!open) request.keepAlive &&= body.skipped || await body.skip();
      if (this.#transport.leaving) return false;
      this.#send(answer, request);
      if (open) return await this.#finish(body) && request.keepAlive;
      if (outbox.bufferedAmount > GATHERED) await outbox.drained();
      return request.keepAlive && !this.#transport.leaving;
    } catch (error) {
      if (error instanceof HandshakeError) {
        this.#context.counts[Count.unencrypted]!++;
        this.#context.watch.unencrypted?.(this.#transport.peer, error.message);
      }
      const refused = error instanceof HttpError ? error : new HttpError(500, "internal error");
      if (refused !== error && !isGone(error)) this.#context.fault(error);
      // What was too late has been told so.
      if (this.#transport.leaving) return false;
      if (refused === error || !isGone(error)) this.#refused(refused, handshake);
      this.#send(refusal(refused), { method: request.method, keepAlive: false });
      return false;
    } finally {
      this.#exchange?.end();
      this.#exchange = undefined;
      const reading = body?.end();
      if (reading !== undefined) await reading;
    }
  }

  /** Sends an answer whose body is made meanwhile. Returns whether another request may follow. */
  async #streamed(answer: Streamed, exchange: Exchange, body: RequestBody): Promise<boolean> {
    const { fault, settings } = this.#context;
    this.#begun = false;
    body.answered();
    const all = await sendStreamed(answer, exchange, this.#transport, fault, () => {
      this.#deadline = this.#transport.now + settings.writeTimeout;
    });
    this.#deadline = Infinity;
    return all && await this.#finish(body) && exchange.keepAlive && !this.#context.draining;
  }

  /** Lets the body of an answered request be read to its end. Returns whether another may follow. */
  async #finish(body: RequestBody): Promise<boolean> {
    this.#begun = false;
    await this.#transport.outbox.drained(GATHERED);
    return await body.finish() && !this.#transport.leaving;
  }

  #send(reply: Reply, request: { method: string; keepAlive: boolean }): void {
    const { input, outbox } = this.#transport;
    const { text, bytes } = encodeResponse(reply, request);
    // Answers to requests that are there already leave together.
    const last = input.length === 0;
    if (last) outbox.cork();
    outbox.text(text);
    if (bytes.length > 0) outbox.bytes(bytes);
    if (last) outbox.flush();
  }

  /** Counts what is refused, and tells of it. What is a fault of ours is told as one. */
  #refused(error: HttpError, handshake: boolean): void {
    const { counts, watch } = this.#context;
    counts[Count.refused + (handshake ? 0 : reasons.length) + reasons.indexOf(error.reason)]!++;
    if (error.reason !== "fault") watch.refused?.(this.#transport.client, error);
  }

  /** Counts it at another place from now on. */
  #countAt(place: number = Count.open): void {
    const { counts } = this.#context;
    counts[this.#place]!--;
    counts[this.#place = this.#placeOf(place)]!++;
  }

  #placeOf(place: number): number {
    return place + (this.#transport.secure ? 1 : 0);
  }

  /** Reads a head. `undefined` at the end of the connection. */
  async #head(): Promise<Head | undefined> {
    const { input } = this.#transport;
    const parser = new HeadParser();
    this.#deadline = this.#transport.now + this.#context.settings.handshakeTimeout;
    for (;;) {
      this.#begun = input.length > 0;
      this.idle = !this.#begun;
      const size = parser.parse(input.bytes, input.start, input.end);
      if (size > 0) {
        input.start += size;
        this.#headSize = size;
        this.#deadline = Infinity;
        return parser.head;
      }
      if (await this.#transport.read() === 0) return undefined;
    }
  }

  /** What is answered; rejects also where the connection is dropped before. */
  #answer(request: Exchange): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.#abandon = reject;
      Promise.resolve(this.#context.handle(request)).then(resolve, reject);
    });
  }

  /** Gives a body the time it may take: 408 after it. */
  readonly #inTime = async <T>(reading: Promise<T>): Promise<T> => {
    this.#deadline = this.#transport.now + this.#context.settings.bodyTimeout;
    try {
      return await reading;
    } finally {
      this.#deadline = Infinity;
    }
  };

  #stream({ status, headers, stream: handler, place }: Endless, { minor }: Head): false {
    this.#countAt(place);
    const { settings, fault } = this.#context;
    // RFC 9112, 7.1: with chunks, who reads ahead sees where an event ends; 6.1: to HTTP/1.0 "MUST NOT send" them.
    const chunked = minor === 1;
    const coding: [string, string][] = chunked ? [["Transfer-Encoding", "chunked"]] : [];
    const head = encodeHead(status, [...headers, ...coding, ["Connection", "close"]]);
    this.#transport.outbox.text(head);
    this.session = new Stream(this.#transport, handler, settings, chunked, fault);
    if (this.#context.draining) this.goAway();
    return false;
  }

  #upgrade({ upgrade, handler, tap, place }: Upgrade): false {
    this.#countAt(place);
    const { settings, fault, watch } = this.#context;
    const { input, outbox } = this.#transport;
    // Nothing has been read since the head was, so it is still there, before what is unread.
    tap?.bytes("in", input.bytes.subarray(input.start - this.#headSize, input.end));
    outbox.tap = tap;
    const head = encodeHead(101, upgrade.headers);
    this.#transport.outbox.text(head);
    this.session = new Socket(this.#transport, upgrade, handler, settings, fault, watch);
    if (this.#context.draining) this.goAway();
    return false;
  }
}

function refusal({ status, message, headers, body }: HttpError): Reply {
  return body === undefined ? textReply(status, message, headers) : { status, headers, body };
}

/**
 * A request as the web knows it (Fetch, 5.3), made of one of ours: only what is asked of it is made.
 * @module
 */
import { HttpError } from "../http/error.ts";
import type { Exchange } from "./exchange.ts";
import { clientGone } from "./response_body.ts";

/** What a host becomes in a URL, of those that came lately. */
const origins = new Map<string, string>();
/** How many of them are kept. */
const KEPT = 64;
/** A target that a URL has as it is: nothing in it is encoded, and no segment of its path is `.` or `..`. */
const plain =
  /^(?:\/(?!\.|%2e)[\w~!$&()*+,;=:@%-][\w.~!$&()*+,;=:@%-]*)*\/?(?:\?[\w.~!$&()*+,;=:@%/?-]*)?$/i;

/**
 * The origin that a request was sent to.
 * @throws {HttpError} 400 if its host makes no URL.
 */
function originOf({ headers, secure }: Exchange): string {
  const host = headers.get("host") ?? "localhost", key = secure ? `s${host}` : host;
  let origin = origins.get(key);
  if (origin === undefined) {
    const url = `${secure ? "https" : "http"}://${host}`;
    if (!URL.canParse(url)) throw new HttpError(400, "Host is malformed");
    origin = new URL(url).origin;
    if (origins.size >= KEPT) origins.clear();
    origins.set(key, origin);
  }
  return origin;
}

/** The URL of a target. */
function urlOf(origin: string, target: string): string {
  // RFC 9112, 3.3: of the asterisk-form "the target URI's combined path and query component is empty".
  if (target === "*") return `${origin}/`;
  return plain.test(target) ? origin + target : new URL(origin + target).href;
}

/** The body of a request, read as it is asked for. */
function streamOf(
  exchange: Exchange,
  failed: (error: unknown) => void,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      try {
        const part = await exchange.next();
        if (part !== undefined) return controller.enqueue(part);
        controller.close();
        // Whoever waits with a buffer of their own is told that there is nothing for it.
        controller.byobRequest?.respond(0);
      } catch (error) {
        failed(error);
        throw error;
      }
    },
  });
}

/** What has a body that can be read, as requests and responses have. */
type Content = Pick<
  Request,
  "body" | "bodyUsed" | "arrayBuffer" | "blob" | "bytes" | "formData" | "json" | "text"
>;

/** Stands for a `Request` and becomes one where more is asked than it knows by itself. */
class LazyRequest implements Content {
  readonly #exchange: Exchange;
  readonly #origin: string;
  #abort: AbortController | undefined;
  /** Why its body cannot be read. */
  #failure: unknown;
  #url: string | undefined;
  #headers: Headers | undefined;
  #content: Response | undefined;
  #whole: Request | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#origin = originOf(exchange);
  }

  /** Whether an error is only the end of a request's client, or of its body. */
  static tells(request: object, error: unknown): boolean {
    if (!(error instanceof Error && #exchange in request)) return false;
    const aborted = request.#abort?.signal.aborted === true && error.name === "AbortError";
    return aborted || error === request.#failure;
  }

  get method(): string {
    return this.#exchange.method;
  }

  get url(): string {
    return this.#url ??= urlOf(this.#origin, this.#exchange.target);
  }

  get headers(): Headers {
    return this.#headers ??= new Headers([...this.#exchange.headers]);
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = this.#abort = new AbortController();
      this.#exchange.watch(() => abort.abort(clientGone()));
    }
    return this.#abort.signal;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return this.content.body;
  }

  get bodyUsed(): boolean {
    return (this.#whole ?? this.#content)?.bodyUsed ?? false;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.content.arrayBuffer();
  }

  blob(): Promise<Blob> {
    return this.content.blob();
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.content.bytes();
  }

  formData(): Promise<FormData> {
    return this.content.formData();
  }

  json(): Promise<unknown> {
    return this.content.json();
  }

  text(): Promise<string> {
    return this.content.text();
  }

  /** What its body is read by: a response has one, too, and costs less. */
  get content(): Content {
    if (this.#whole !== undefined) return this.#whole;
    if (this.#content !== undefined) return this.#content;
    const exchange = this.#exchange;
    const type = exchange.headers.get("content-type");
    const headers: Record<string, string> = type === undefined ? {} : { "content-type": type };
    return this.#content = new Response(this.#bodyOf(), { headers });
  }

  /** The request itself, with all that a request has. */
  get whole(): Request {
    if (this.#whole !== undefined) return this.#whole;
    const { method, url, headers, signal } = this;
    const body = this.#content === undefined ? this.#bodyOf() : this.#content.body;
    return this.#whole = new Request(url, { method, headers, signal, body });
  }

  #bodyOf(): BodyInit | null {
    const exchange = this.#exchange;
    // Fetch, 5.3: a request by one of these two has no body.
    if (!exchange.hasBody || exchange.method === "GET" || exchange.method === "HEAD") return null;
    return exchange.here() ?? streamOf(exchange, (error) => this.#failure = error);
  }
}

// All else that a request has, also what only the runtime knows of it, is that of the request which it becomes.
for (const key of Object.getOwnPropertySymbols(new Request("http://localhost/"))) {
  const whole = (lazy: LazyRequest) => lazy.whole as unknown as Record<symbol, unknown>;
  Object.defineProperty(LazyRequest.prototype, key, {
    get(this: LazyRequest) {
      return whole(this)[key];
    },
    set(this: LazyRequest, value: unknown) {
      whole(this)[key] = value;
    },
  });
}
Reflect.deleteProperty(LazyRequest.prototype, "constructor");
Object.setPrototypeOf(LazyRequest.prototype, Request.prototype);

/**
 * A request as the web knows it.
 * @param exchange Ours.
 * @throws {HttpError} 400 if its host makes no URL, 501 for `TRACE`, which the web does not have.
 */
export function webRequest(exchange: Exchange): Request {
  if (exchange.method === "TRACE") throw new HttpError(501, "method is not known");
  return new LazyRequest(exchange) as unknown as Request;
}

/** Whether an error that came of a request is only the end of its client, or of its body, and nobody's fault. */
export function isOfClient(request: Request, error: unknown): boolean {
  return LazyRequest.tells(request, error);
}

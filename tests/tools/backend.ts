/**
 * An operator's backend, scripted: what it is asked and told it keeps, and it answers as a test says.
 * @module
 */

/** What has come to it. */
export interface Came {
  method: string;
  path: string;
  headers: Headers;
  /** The body, as it came, and as JSON. */
  text: string;
  // deno-lint-ignore no-explicit-any
  body: any;
}

/** A backend on loopback. */
export class Backend implements AsyncDisposable {
  /** All that has come. */
  readonly came: Came[] = [];
  /** Answers the next. */
  answer: (came: Came) => Response | Promise<Response>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #waiting: { count: number; found: () => void }[] = [];
  readonly #end = Promise.withResolvers<Response>();

  /** @param answer What it answers, as long as a test does not say otherwise. */
  constructor(answer: Backend["answer"] = () => new Response("ok"), port = 0) {
    this.answer = answer;
    const where = { hostname: "127.0.0.1", port, onListen: () => {} };
    this.#server = Deno.serve(where, async (request) => {
      const { method, headers } = request, text = await request.text();
      const body = headers.get("content-type") === "application/json" && JSON.parse(text);
      const came = { method, path: new URL(request.url).pathname, headers, text, body };
      this.came.push(came);
      for (const { count, found } of this.#waiting) if (this.came.length >= count) found();
      const response = await Promise.race([this.answer(came), this.#end.promise]);
      response.headers.set("Connection", "close");
      return response;
    });
  }

  /** Its port. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** Where it is asked. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/asked`;
  }

  /** Resolves when so many requests have come. */
  async requests(count: number): Promise<void> {
    if (this.came.length >= count) return;
    await new Promise<void>((found) => this.#waiting.push({ count, found }));
  }

  /** Answers that never come are cut off. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.resolve(new Response(null, { status: 500 }));
    await this.#server.shutdown();
  }
}

/** An answer that does not come. */
export function never(): Promise<Response> {
  return new Promise(() => {});
}

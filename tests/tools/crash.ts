/**
 * Threads that end by a fault when a test says so: each calls the test, and throws when it is answered.
 * @module
 */
import { within } from "./raw.ts";

/** Calls of threads. */
export class Crashes implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #calls: Deno.Conn[] = [];

  /** A module that is another, and can be made to crash. */
  module(name: "worker" | "engine"): URL {
    return this.#module(`crashing_${name}.ts`);
  }

  /** A thread that serves, can be made to crash, and cannot listen while a file is there. */
  deafWorker(file: string): URL {
    const url = this.#module("deaf_worker.ts");
    url.hash = file;
    return url;
  }

  #module(file: string): URL {
    const url = new URL(file, import.meta.url);
    url.search = String((this.#listener.addr as Deno.NetAddr).port);
    return url;
  }

  /** Waits until so many threads have called in all. */
  async called(count: number): Promise<void> {
    while (this.#calls.length < count) {
      this.#calls.push(await within(10_000, "a thread's call", this.#listener.accept()));
    }
  }

  /** Makes the thread of a call throw. */
  async crash(call: number): Promise<void> {
    await this.#calls[call]!.write(new Uint8Array(1));
  }

  [Symbol.asyncDispose](): Promise<void> {
    for (const call of this.#calls) call.close();
    this.#listener.close();
    return Promise.resolve();
  }
}

/** In a thread: throws when the test says so. */
export async function crashWhenTold(url: string): Promise<void> {
  const port = Number(new URL(url).search.slice(1));
  const call = await Deno.connect({ hostname: "127.0.0.1", port });
  if (await call.read(new Uint8Array(1)) !== null) throw new Error("made to crash");
  call.close();
}

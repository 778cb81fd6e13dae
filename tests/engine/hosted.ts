/**
 * Engines behind ports, as threads see them; both ends are in this thread.
 * @module
 */
import type { Engine } from "../../lib/hub/engine.ts";
import { EngineHost } from "../../lib/engine/host.ts";
import { RemoteEngine, type RemoteOptions } from "../../lib/engine/remote.ts";
import type { Port } from "../../lib/engine/wire.ts";
import type { CreateEngine, TestEngine } from "../../lib/testing/engine_suite.ts";

/** What a port is given waits while this is closed, as it does where a thread is busy. */
export class Gate {
  /** What waits. */
  waiting: unknown[] = [];
  #closed = false;
  #port!: Port;

  before(port: Port): Port {
    this.#port = port;
    const post = (message: unknown) => {
      if (this.#closed) this.waiting.push(message);
      else port.postMessage(message);
    };
    return {
      postMessage: post,
      set onmessage(take: Port["onmessage"]) {
        port.onmessage = take;
      },
      close: () => port.close(),
    };
  }

  close(): void {
    this.#closed = true;
  }

  open(): void {
    this.#closed = false;
    for (const message of this.waiting.splice(0)) this.#port.postMessage(message);
  }
}

/** A host, and those who talk to it. */
export class Hosted implements AsyncDisposable {
  host: EngineHost;
  readonly clients: RemoteEngine[] = [];
  #ports = 0;
  readonly reachable: (string | undefined)[] = [];

  private constructor(readonly engine: Engine, open: string) {
    this.host = new EngineHost(engine, open, (why) => this.reachable.push(why));
  }

  /** Puts an engine behind ports. */
  static async begin(engine: Engine): Promise<Hosted> {
    return new Hosted(engine, (await engine.history([], undefined)).open);
  }

  /** One more that talks to it. */
  client(options?: RemoteOptions): RemoteEngine {
    return this.#client(this.#port(), options);
  }

  /** One more that is told nothing while its gate is closed. */
  gatedClient(options?: RemoteOptions): { client: RemoteEngine; gate: Gate } {
    const gate = new Gate();
    return { client: this.#client(this.#port(gate), options), gate };
  }

  #client(port: Port, options?: RemoteOptions): RemoteEngine {
    const client = new RemoteEngine(port, options);
    this.clients.push(client);
    return client;
  }

  /** Takes one that has talked to another. */
  take(client: RemoteEngine): void {
    client.attach(this.#port());
  }

  #port(gate?: Gate): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.host.attach(++this.#ports, gate?.before(port2) ?? port2);
    return port1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) await client.close();
    for (let id = 1; id <= this.#ports; id++) this.host.detach(id);
    await this.engine.close();
  }
}

/** Makes engines of the other kind, and puts each behind a port. */
export function behindPort(create: CreateEngine): CreateEngine {
  return async (limits) => {
    const inner = await create(limits);
    let hosted = await Hosted.begin(inner.engine);
    const { restart } = inner;
    const test: TestEngine = {
      engine: hosted.client(),
      pass: (ms) => inner.pass(ms),
      cost: (draft) => inner.cost(draft),
      ...restart && {
        async restart() {
          await hosted[Symbol.asyncDispose]();
          await restart.call(inner);
          hosted = await Hosted.begin(inner.engine);
          test.engine = hosted.client();
        },
      },
      async [Symbol.asyncDispose]() {
        await hosted[Symbol.asyncDispose]();
        await inner[Symbol.asyncDispose]();
      },
    };
    return test;
  };
}

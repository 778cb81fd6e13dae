/**
 * Engines behind ports, as threads see them; both ends are in this thread.
 * @module
 */
import type { Engine } from "../../lib/hub/engine.ts";
import { EngineHost } from "../../lib/engine/host.ts";
import { RemoteEngine } from "../../lib/engine/remote.ts";
import type { CreateEngine, TestEngine } from "./engine_suite.ts";

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
  client(patience?: number): RemoteEngine {
    const client = new RemoteEngine(this.#port(), patience);
    this.clients.push(client);
    return client;
  }

  /** Takes one that has talked to another. */
  take(client: RemoteEngine): void {
    client.attach(this.#port());
  }

  #port(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.host.attach(++this.#ports, port2);
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

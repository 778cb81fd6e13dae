/**
 * What a thread serves, over an engine that a test stalls: both are in this thread.
 * @module
 */
import { defaults } from "../../lib/settings/config.ts";
import { OwnTaps } from "../../lib/service/board.ts";
import { serveOn } from "../../lib/service/serve.ts";
import { ownCounters } from "../../lib/service/tally.ts";
import { LogEngine } from "../../lib/engine/engine.ts";
import { ROOMY } from "../../lib/testing/engine_suite.ts";
import { type Gate, Hosted } from "../engine/hosted.ts";
import { StallingLog } from "../engine/stalling_log.ts";
import { TestLog } from "./service.ts";

/** It. */
export interface HostedService extends AsyncDisposable {
  port: number;
  log: TestLog;
  /** What the engine says waits while this is closed. */
  gate: Gate;
  /** Takes what is published. */
  engine: StallingLog;
}

/** Begins to serve. */
export async function hostedService(patience: number): Promise<HostedService> {
  const engine = new StallingLog(), log = new TestLog();
  const hosted = await Hosted.begin(new LogEngine(engine, ROOMY, () => 0));
  const { client, gate } = hosted.gatedClient({ patience });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const config = { ...defaults, messageRate: 0 };
  const server = serveOn({
    ...{ config, log, listeners: [listener], engine: client, counters: ownCounters() },
    ...{ taps: new OwnTaps(), threads: 1 },
  });
  return {
    port: (listener.addr as Deno.NetAddr).port,
    ...{ log, gate, engine },
    async [Symbol.asyncDispose]() {
      await server.shutdown(0);
      await hosted[Symbol.asyncDispose]();
    },
  };
}

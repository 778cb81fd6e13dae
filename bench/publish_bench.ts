/**
 * What a publish over HTTP costs without a socket: from the bytes of the request to those of its answer, by itself and as a
 * line of a batch. `deno task bench` runs it.
 * @module
 */
import { createAuthorize } from "../lib/auth/auth.ts";
import { MemoryEngine } from "../lib/engine/memory.ts";
import { Hub } from "../lib/hub/hub.ts";
import { Backlog } from "../lib/net/backlog.ts";
import { Callers } from "../lib/net/callers.ts";
import { Clock } from "../lib/net/clock.ts";
import type { Conn } from "../lib/net/conn.ts";
import { Connection } from "../lib/net/connection.ts";
import { OwnTaps } from "../lib/service/board.ts";
import { frameForms } from "../lib/service/forms.ts";
import { Publishes } from "../lib/service/publishes.ts";
import { createRoutes } from "../lib/service/routes.ts";
import { Tally } from "../lib/service/tally.ts";
import { defaults } from "../lib/settings/config.ts";
import { alone as onlyThread } from "../tests/tools/alone.ts";

const fault = (error: unknown) => console.error(error);
const counts = new Float64Array(Tally.end), now = () => performance.now();
const silent = () => {};
const handle = createRoutes({
  ...{ config: defaults, taps: new OwnTaps(), draining: () => false, overrun: silent, fault },
  ...{ log: { debug: silent, info: silent, warn: silent, error: silent } },
  ...{ admit: undefined, around: undefined },
  ...{ authorize: createAuthorize(defaults), forms: frameForms(defaults.deflateThreshold) },
  ...{ publishes: new Publishes(counts), metrics: () => Promise.resolve("") },
  ...onlyThread(new Hub(new MemoryEngine(defaults, now, "bench"))),
});

/** A connection on which one request comes whenever the last was answered, so many times. */
function serve(request: Uint8Array, times: number): Promise<void> {
  const clock = new Clock(1000);
  let at = 0, left = times;
  const conn: Conn = {
    remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
    read(into) {
      if (at === request.length) [at, left] = [0, left - 1];
      if (left === 0) return Promise.resolve(null);
      const piece = request.subarray(at, at + into.length);
      into.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => clock.stop(),
  };
  const settings = { ...defaults, maxConnections: Infinity };
  const own = { callers: new Callers(), backlog: new Backlog(), watch: {}, draining: false };
  const shared = { handle, settings, clock, fault, counts, ...own };
  return new Connection(conn, shared).serve();
}

function bytesOf(path: string, type: string, body: string): Uint8Array {
  const fields = `Host: 127.0.0.1:9999\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}`;
  return new TextEncoder().encode(`POST ${path} HTTP/1.1\r\n${fields}\r\n\r\n${body}`);
}

const data = "x".repeat(60), lines = 1000;
const alone = bytesOf("/news", "text/plain", data);
const line = `{"ch":"news","data":"${data}"}\n`;
const batch = bytesOf("/-/publish", "application/x-ndjson", line.repeat(lines));

// Written `async`, since Deno awaits no other.
Deno.bench(`${lines} publishes of 60 B`, async () => await serve(alone, lines));
Deno.bench(`a batch of ${lines} lines of 60 B`, async () => await serve(batch, 1));

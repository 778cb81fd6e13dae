/**
 * The same bytes against servers that run: over TCP, over TLS, and with two threads that serve.
 * @module
 */
import { deserted } from "../tools/channels.ts";
import { RawClient } from "../tools/raw.ts";
import { type TestService, testService } from "../tools/service.ts";
import { go } from "../tools/way.ts";
import { readWritten } from "./service.ts";
import { hold, pieces } from "./target.ts";

const LIMITS = ["--message-rate", "0", "--ping-rate", "0", "--max-message", "4KiB"]
  .concat(["--max-fragments", "16", "--max-channels", "8", "--drain", "50ms"]);
/** For a connection whose peer has said all to end, in ms. */
const PATIENCE = 20_000;

/** A server that runs. */
interface Live {
  way: string;
  encrypted: boolean;
  service: TestService;
}

/** The servers. */
export class LiveServers implements AsyncDisposable {
  /** How many connections they were given. */
  connections = 0;
  readonly #servers: Live[];

  private constructor(servers: Live[]) {
    this.#servers = servers;
  }

  /** Starts them. */
  static async start(): Promise<LiveServers> {
    const servers: Live[] = [];
    for (
      const [way, encrypted, ...flags] of [
        ["TCP", false],
        ["TLS", true],
        ["two workers", false, "--workers", "2"],
      ] as const
    ) {
      await go(encrypted, async () => {
        const service = await testService(...LIMITS, ...flags);
        servers.push({ way, encrypted, service });
      });
    }
    return new LiveServers(servers);
  }

  /** Sends bytes to each. Returns what does not hold. */
  async look(bytes: Uint8Array, cuts: readonly number[]): Promise<string | undefined> {
    for (const { way, encrypted, service } of this.#servers) {
      this.connections++;
      try {
        await go(encrypted, () => converse(service, pieces(bytes, cuts)));
        const fault = service.log.lines.find(({ level }) => level === "error");
        service.log.lines = [];
        hold(fault === undefined, `it logs ${JSON.stringify(fault)}`);
      } catch (error) {
        return `over ${way}: ${error instanceof Error ? error.message : error}`;
      }
    }
    return undefined;
  }

  /** Looks whether all who were there are gone. Returns what does not hold. */
  async left(): Promise<string | undefined> {
    for (const { way, encrypted, service } of this.#servers) {
      try {
        await go(encrypted, () => deserted(service));
      } catch (error) {
        return `over ${way}: ${error instanceof Error ? error.message : error}`;
      }
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { service } of this.#servers) await service[Symbol.asyncDispose]();
  }
}

async function converse(service: TestService, parts: Uint8Array[]): Promise<void> {
  using client = await RawClient.connect({
    ...{ transport: "tcp", hostname: "127.0.0.1", port: service.port },
  });
  const sending = async () => {
    for (const part of parts) await client.send(part);
    await client.end();
  };
  // Who is refused is not read any more: that is no finding.
  const [received] = await Promise.all([
    client.readAll(PATIENCE),
    sending().catch((error) => {
      const gone = [Deno.errors.ConnectionReset, Deno.errors.BrokenPipe, Deno.errors.NotConnected];
      if (!gone.some((kind) => error instanceof kind)) throw error;
    }),
  ]);
  readWritten(received);
}

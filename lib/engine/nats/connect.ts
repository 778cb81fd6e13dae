/**
 * A connection to NATS, and what is said of one that cannot be had.
 * @module
 */
import {
  credsAuthenticator,
  JetStreamApiError,
  JetStreamError,
  type NatsConnection,
} from "./client.ts";
import { natsAddress, withoutSecrets } from "./address.ts";
import { connect } from "./transport.ts";

/** Where NATS is, and who comes. */
export interface NatsTarget {
  /** As `--engine` names it. */
  engine: string;
  /** A file with credentials; empty: none. */
  creds: string;
}

/** For a connection, and for an answer; in ms. */
export const PATIENCE = 2000;
/** The first version of the server that will do. */
const OLDEST = { major: 2, minor: 11 };

/** Why NATS cannot be used, in one line for an operator. */
export class NatsError extends Error {
  override name = "NatsError";
}

/**
 * Connects to one of the servers. It is not connected again where it is lost, so nothing is sent late.
 * @param attempt Which it is: each goes to the next server.
 * @throws {Error} For {@linkcode explain}.
 */
export async function connectTo(
  { engine, creds }: NatsTarget,
  attempt: number,
): Promise<NatsConnection> {
  const address = natsAddress(engine)!;
  const connection = await connect({
    servers: address.servers[attempt % address.servers.length]!,
    name: "kodama",
    timeout: PATIENCE,
    reconnect: false,
    // Only those that were given: others may not be reachable from here.
    ignoreClusterUpdates: true,
    // A name may be one that only this machine knows.
    resolve: false,
    ...address.tls && { tls: {} },
    ...address.identity,
    ...creds !== "" && { authenticator: credsAuthenticator(readCreds(creds)) },
  });
  const { version = "" } = connection.info ?? {};
  const [major, minor] = version.split(".").map(Number);
  if (major! > OLDEST.major || major === OLDEST.major && minor! >= OLDEST.minor) return connection;
  await connection.close();
  throw new NatsError(`NATS is ${version}, and must be ${OLDEST.major}.${OLDEST.minor} or later`);
}

/**
 * Reads a file with credentials, anew for each connection: they may have been replaced.
 * @throws {NatsError} If it cannot be read.
 */
export function readCreds(file: string): Uint8Array {
  try {
    return Deno.readFileSync(file);
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    throw new NatsError(`the credentials ${file} cannot be read: ${why}`);
  }
}

/** Says in one line, without any secret, why NATS cannot be used. */
export function explain(engine: string, error: unknown): string {
  if (error instanceof NatsError) return error.message;
  const where = `NATS at ${withoutSecrets(engine)}`;
  if (error instanceof JetStreamApiError) return `${where} refuses: ${error.message}`;
  if (error instanceof JetStreamError) return `${where} has no JetStream at present`;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (/auth/i.test(name)) return `${where} refuses the credentials`;
  if (name === "TimeoutError") return `${where} does not answer`;
  return `${where} cannot be reached: ${message.split("\n", 1)[0]}`;
}

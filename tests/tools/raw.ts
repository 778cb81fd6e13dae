/**
 * A client of bytes: a TCP connection that sends exactly what it is told and waits for what comes,
 * never longer than its deadline.
 * @module
 */
import { concat, utf8 } from "./bytes.ts";
import { connect } from "./way.ts";

/** Bytes of a text; characters above ASCII as UTF-8. */
export function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? utf8(data) : data;
}

/** Bytes as text, one character each. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

/** All parts, one behind the other. */
export function join(...parts: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return concat(...parts.map(bytesOf));
}

/** The promise, or an error if it takes longer. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** How long a step may take before the test fails, in ms. */
const DEADLINE = 10_000;

/** What the end of a connection is where it is abrupt; over TLS also that nobody said that it is one. */
const abrupt = [Deno.errors.ConnectionReset, Deno.errors.UnexpectedEof];

/** One connection to a server under test, as the test's bytes go. It reads only while it waits for something. */
export class RawClient implements Disposable {
  /** How the server ended the connection, once it did. */
  ended: "FIN" | "RST" | undefined;
  /** This side's port. */
  readonly port: number;
  readonly #conn: Deno.Conn;
  #received = new Uint8Array(4096);
  #size = 0;
  #closed = false;
  readonly #chunk = new Uint8Array(64 * 1024);

  /** @param conn An open connection. */
  constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.port = (conn.localAddr as Deno.NetAddr).port;
  }

  /** Connects over loopback. */
  static async connect(addr: Deno.Addr): Promise<RawClient> {
    return new RawClient(await connect(addr));
  }

  /** What has been read and not taken. */
  get received(): Uint8Array<ArrayBuffer> {
    return this.#received.subarray(0, this.#size);
  }

  /** Sends all of it. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = bytesOf(data);
    const all = async () => {
      for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
    };
    await within(DEADLINE, `sending ${bytes.length} bytes`, all());
  }

  /** Sends it one byte at a time. */
  async drip(data: string | Uint8Array): Promise<void> {
    for (const byte of bytesOf(data)) await this.send(Uint8Array.of(byte));
  }

  /** Reads until the predicate holds for what was received, or the server ended. */
  until(predicate: (received: Uint8Array) => boolean, ms = DEADLINE): Promise<Uint8Array> {
    const reading = async () => {
      while (!predicate(this.received) && await this.#read());
      return this.received;
    };
    return within(ms, "reading", reading());
  }

  /** Reads to the end of the connection. */
  readAll(ms = DEADLINE): Promise<Uint8Array> {
    return this.until(() => false, ms);
  }

  /** Takes bytes off the front of what was received. */
  take(count: number): Uint8Array<ArrayBuffer> {
    const taken = this.#received.slice(0, count);
    this.#received.copyWithin(0, count, this.#size);
    this.#size -= taken.length;
    return taken;
  }

  /** Ends this side. */
  end(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /** Closes both sides. */
  close(): void {
    if (!this.#closed) this.#conn.close();
    this.#closed = true;
  }

  /** Closes. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #read(): Promise<boolean> {
    if (this.ended !== undefined) return false;
    let count: number | null;
    try {
      count = await this.#conn.read(this.#chunk);
    } catch (error) {
      if (!abrupt.some((kind) => error instanceof kind)) throw error;
      this.ended = "RST";
      return false;
    }
    if (count === null) {
      this.ended = "FIN";
      return false;
    }
    if (this.#size + count > this.#received.length) {
      const grown = new Uint8Array((this.#size + count) * 2);
      grown.set(this.received);
      this.#received = grown;
    }
    this.#received.set(this.#chunk.subarray(0, count), this.#size);
    this.#size += count;
    return true;
  }
}

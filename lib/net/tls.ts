/**
 * TLS 1.2 and 1.3 on an accepted connection (RFC 8446), by `node:tls`. The socket below stays Deno's: `Deno.listenTls` gives
 * none that could be told not to delay small writes, and a TLS socket of Node's on one of Node's own reads on, here, also
 * where nobody takes what it has read. So nothing is read here but when it is asked for.
 * @module
 */
import { Buffer } from "node:buffer";
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";
import { encodeResponse, textReply } from "../http/response.ts";
import type { KeyPair } from "./certificate.ts";
import { type Conn, HandshakeError, type Listener } from "./conn.ts";

/** Most that is encrypted at once, in bytes: whoever takes so much in a while is not stuck. */
const PART = 64 * 1024;
/** RFC 8446, 6.2: why a hello is refused. */
const HANDSHAKE_FAILURE = 40, NO_APPLICATION_PROTOCOL = 120;
/** RFC 7301: what is spoken inside. */
const PROTOCOLS = ["http/1.1"];

/** A listener whose connections are encrypted. */
export interface SecureListener extends Listener {
  /** Has those that come from now on get another certificate; the others go on with theirs. */
  use(pair: KeyPair): void;
}

/**
 * Encrypts what a listener gives.
 * @param pair As {@linkcode checkPair} takes it.
 */
export function secured(listener: Deno.TcpListener, pair: KeyPair): SecureListener {
  let context = contextOf(pair);
  return {
    addr: listener.addr,
    async accept() {
      const conn = await listener.accept();
      // Frames are small and must not wait for one another (RFC 896's delay).
      conn.setNoDelay();
      return new TlsConn(conn, context);
    },
    close: () => listener.close(),
    use(pair) {
      context = contextOf(pair);
    },
  };
}

function contextOf({ cert, key }: KeyPair): SecureContext {
  return createSecureContext({ cert, key, minVersion: "TLSv1.2" });
}

/**
 * What TLS asks of the stream below it, and no more. A whole `Duplex` has queues of its own, for nothing: here only what
 * was asked for comes, and one write is under way.
 */
class Wire extends EventEmitter {
  readonly readable = true;
  readonly writable = true;
  readonly readableLength = 0;
  readonly allowHalfOpen = true;
  readonly #send: (bytes: Uint8Array) => Promise<void>;
  readonly #end: () => Promise<void>;

  /**
   * @param send Writes all of it.
   * @param end Ends this side.
   */
  constructor(send: (bytes: Uint8Array) => Promise<void>, end: () => Promise<void>) {
    super();
    this.#send = send;
    this.#end = end;
  }

  write(bytes: Uint8Array, done: (error?: unknown) => void): void {
    this.#send(bytes).then(() => done(), done);
  }

  end(done: (error?: unknown) => void): void {
    this.#end().then(() => done(), done);
  }

  destroy(): void {
    this.emit("close");
  }

  pause(): void {}
  resume(): void {}
  cork(): void {}
  uncork(): void {}
}

/** The server's side of TLS on one connection. The handshake is made by whoever reads. */
export class TlsConn implements Conn {
  readonly remoteAddr: Deno.Addr;
  readonly secure = true;
  readonly #conn: Conn;
  /** What is encrypted, both ways. */
  readonly #wire: Wire;
  readonly #socket: TLSSocket;
  /** What was decrypted and not taken yet. */
  #arrived: Uint8Array[] = [];
  #begun = false;
  #ended = false;
  #closed = false;
  /** What ended it abruptly. */
  #failure: unknown;
  /** The encrypted bytes that are being written. */
  #writing: Promise<void> | undefined;

  /**
   * @param conn The connection below.
   * @param context The certificate and its key.
   */
  constructor(conn: Conn, context: SecureContext) {
    this.#conn = conn;
    this.remoteAddr = conn.remoteAddr;
    this.#wire = new Wire((bytes) => this.#send(bytes), () => conn.closeWrite());
    this.#socket = new TLSSocket(this.#wire as unknown as Duplex, {
      isServer: true,
      secureContext: context,
      ALPNProtocols: PROTOCOLS,
    });
    this.#socket.on("data", (bytes: Uint8Array) => this.#arrived.push(bytes));
    this.#socket.on("end", () => this.#ended = true);
    this.#socket.on("error", (error: Error) => this.#refuse(error));
  }

  /**
   * @inheritDoc
   * @throws {HandshakeError} If what comes is not TLS as it is spoken here.
   */
  async read(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    for (;;) {
      if (this.#closed) throw new Deno.errors.BadResource("closed");
      if (this.#arrived.length > 0) return this.#take(into);
      if (this.#failure !== undefined) {
        // The alert that says why. That it did not leave is no other failure.
        await this.#writing?.catch(() => {});
        throw this.#failure;
      }
      if (this.#ended) return null;
      // What is encrypted is read to where what is decrypted goes: it is taken from there before.
      const count = await this.#receive(into);
      if (count === null) {
        this.#ended = true;
        this.#wire.emit("end");
        continue;
      }
      if (!this.#begun && isLetter(into[0]!)) await this.#refusePlain(into);
      this.#begun = true;
      this.#wire.emit("data", Buffer.from(into.buffer, into.byteOffset, count));
      // What is decrypted is there at once, but for the beginning and the end, and where a record is not whole.
      if (this.#arrived.length === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** @inheritDoc */
  write(bytes: Uint8Array): Promise<number> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const part = bytes.length > PART ? bytes.subarray(0, PART) : bytes;
    return new Promise((resolve, reject) => {
      this.#socket.write(part, (error) => {
        if (!error) resolve(part.length);
        else reject(this.#failure ?? new Deno.errors.Interrupted(error.message));
      });
    });
  }

  /** @inheritDoc */
  closeWrite(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#socket.end(resolve);
      // Where that was never done; what is settled stays so.
      this.#socket.once("close", () => reject(this.#failure ?? new Deno.errors.Interrupted()));
    });
  }

  /** @inheritDoc */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#arrived = [];
    this.#conn.close();
    this.#socket.destroy();
  }

  #take(into: Uint8Array): number {
    const bytes = this.#arrived[0]!;
    if (bytes.length > into.length) {
      into.set(bytes.subarray(0, into.length));
      this.#arrived[0] = bytes.subarray(into.length);
      return into.length;
    }
    into.set(bytes);
    this.#arrived.shift();
    return bytes.length;
  }

  #send(bytes: Uint8Array): Promise<void> {
    return this.#writing = this.#conn.write(bytes).then(
      (count) => count < bytes.length ? this.#send(bytes.subarray(count)) : undefined,
      (error) => {
        throw this.#broke(error);
      },
    );
  }

  async #receive(into: Uint8Array<ArrayBuffer>): Promise<number | null> {
    try {
      return await this.#conn.read(into);
    } catch (error) {
      throw this.#broke(error);
    }
  }

  /** Ends a handshake, or what came of one, that the library refuses. Its own alert does not leave here. */
  #refuse(error: Error): void {
    const code = "code" in error ? error.code : "";
    const isTls = code !== "ERR_SSL_WRONG_VERSION_NUMBER";
    if (this.#failure === undefined && this.#writing === undefined && isTls) {
      const why = code === "ERR_SSL_NO_APPLICATION_PROTOCOL"
        ? NO_APPLICATION_PROTOCOL
        : HANDSHAKE_FAILURE;
      // 5.1 and 6: a record of type alert, and in it `fatal` and why; nothing is encrypted before our hello.
      this.#send(Uint8Array.of(21, 3, 3, 0, 2, 2, why)).catch(() => {});
    }
    this.#broke(new HandshakeError(isTls ? error.message : "not TLS", { cause: error }));
  }

  /** Ends what is under way: the connection has ended, and why. */
  #broke(error: unknown): unknown {
    this.#failure ??= error;
    this.#socket.destroy();
    return this.#failure;
  }

  /** Answers who speaks HTTP here, in the clear, as there is no other way. */
  async #refusePlain(into: Uint8Array<ArrayBuffer>): Promise<never> {
    const reply = textReply(400, "this port speaks https");
    await this.#send(encodeResponse(reply, { method: "GET", keepAlive: false }));
    await this.#conn.closeWrite();
    // Who stays where they are until their time is over has asked for the same.
    const failure = this.#broke(new HandshakeError("plain HTTP"));
    while (await this.#receive(into) !== null);
    throw failure;
  }
}

/** Whether a byte begins a request of HTTP rather than a record of TLS (RFC 8446, 5.1). */
function isLetter(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

/**
 * TLS by OpenSSL itself, on the sockets of `libc.ts` and as cheap as they are: what a server costs is to be measured, not
 * its load. Whose certificate it is nobody asks.
 * @module
 */
const { symbols: s } = Deno.dlopen("libssl.so.3", {
  TLS_client_method: { parameters: [], result: "pointer" },
  SSL_CTX_new: { parameters: ["pointer"], result: "pointer" },
  SSL_CTX_ctrl: { parameters: ["pointer", "i32", "i64", "pointer"], result: "i64" },
  SSL_new: { parameters: ["pointer"], result: "pointer" },
  SSL_set_fd: { parameters: ["pointer", "i32"], result: "i32" },
  SSL_set_connect_state: { parameters: ["pointer"], result: "void" },
  SSL_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  SSL_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" },
  SSL_get_error: { parameters: ["pointer", "i32"], result: "i32" },
  SSL_free: { parameters: ["pointer"], result: "void" },
});

const { symbols: crypto } = Deno.dlopen("libcrypto.so.3", {
  ERR_clear_error: { parameters: [], result: "void" },
});

const SSL_CTRL_MODE = 33,
  SSL_MODE_ENABLE_PARTIAL_WRITE = 1,
  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER = 2;
const SSL_ERROR_ZERO_RETURN = 6, SSL_ERROR_SYSCALL = 5, SSL_ERROR_SSL = 1;

const context = s.SSL_CTX_new(s.TLS_client_method());
const modes = SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER;
s.SSL_CTX_ctrl(context, SSL_CTRL_MODE, BigInt(modes), null);

/** The client's side of TLS on one socket. */
export type Session = Deno.PointerValue;

/** Begins; the handshake is made by the first {@linkcode send}. */
export function begin(fd: number): Session {
  const session = s.SSL_new(context);
  s.SSL_set_fd(session, fd);
  s.SSL_set_connect_state(session);
  return session;
}

/** As the one of `libc.ts`; 0 as well while the handshake is under way. */
export function send(session: Session, bytes: Uint8Array<ArrayBuffer>, length: number): number {
  return Math.max(0, s.SSL_write(session, bytes, length));
}

/** As the one of `libc.ts`, but for at most one record a call. */
export function receive(session: Session, into: Uint8Array<ArrayBuffer>): number {
  const count = s.SSL_read(session, into, into.length);
  if (count > 0) return count;
  const error = s.SSL_get_error(session, count);
  if (![SSL_ERROR_ZERO_RETURN, SSL_ERROR_SYSCALL, SSL_ERROR_SSL].includes(error)) return 0;
  // It would be taken for the next connection's.
  crypto.ERR_clear_error();
  return -1;
}

/** Lets go of it. The socket is closed elsewhere. */
export function end(session: Session): void {
  s.SSL_free(session);
}

/**
 * Sockets by the C library itself (Linux): no promise, no copy and no allocation a message, so that the load costs less
 * than any server that it is put on. `errno` is not looked at, since the runtime may change it before we do: that a
 * socket is broken is told by its events.
 * @module
 */
const { symbols: c } = Deno.dlopen("libc.so.6", {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // Lengths and counts have 64 bits, which would be BigInts here; no call moves 2 GiB.
  send: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  recv: { parameters: ["i32", "buffer", "u32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  epoll_create1: { parameters: ["i32"], result: "i32" },
  epoll_ctl: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  epoll_wait: { parameters: ["i32", "buffer", "i32", "i32"], result: "i32" },
});

const AF_INET = 2, SOCK_STREAM = 1, SOCK_NONBLOCK = 0o4000, IPPROTO_TCP = 6, TCP_NODELAY = 1;
const MSG_NOSIGNAL = 0x4000, EPOLL_CTL_ADD = 1;
const EPOLLIN = 0x1, EPOLLOUT = 0x4, EPOLLERR = 0x8, EPOLLHUP = 0x10, EPOLLET = 1 << 31;
const SOL_SOCKET = 1, SO_RCVBUF = 8;
const int = (value: number) => new Uint8Array(new Int32Array([value]).buffer);

/**
 * Begins to connect to a port of this machine; the first event says that it is done.
 * @param receiveBuffer What the system keeps of what is not received, in bytes; 0: as much as it likes.
 * @returns The socket's descriptor.
 */
export function dial(port: number, receiveBuffer = 0): number {
  const fd = c.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (fd < 0) throw new Error("no socket: see ulimit -n");
  c.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, int(1), 4);
  if (receiveBuffer > 0) c.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, int(receiveBuffer), 4);
  const address = new Uint8Array(16);
  new DataView(address.buffer).setUint16(0, AF_INET, true);
  new DataView(address.buffer).setUint16(2, port);
  address.set([127, 0, 0, 1], 4);
  c.connect(fd, address, 16);
  return fd;
}

/** Sends the first `length` bytes, or some of them. Returns how many; 0 if none can be now. */
export function send(fd: number, bytes: Uint8Array<ArrayBuffer>, length: number): number {
  return Math.max(0, c.send(fd, bytes, length, MSG_NOSIGNAL));
}

/** Receives what has arrived. Returns how much; 0 if nothing has, -1 if the peer has ended the connection. */
export function receive(fd: number, into: Uint8Array<ArrayBuffer>): number {
  const count = c.recv(fd, into, into.length, 0);
  return count > 0 ? count : count === 0 ? -1 : 0;
}

/** Closes a socket. */
export function close(fd: number): void {
  c.close(fd);
}

/** Waits for many sockets. Edge-triggered: what is told once is not told again until it changes. */
export class Poll {
  // The kernel's struct is packed on x86-64 only.
  readonly #size = Deno.build.arch === "x86_64" ? 12 : 16;
  readonly #fd = c.epoll_create1(0);
  readonly #events = new Uint8Array(256 * this.#size);
  readonly #view = new DataView(this.#events.buffer);
  readonly #event = new Uint8Array(this.#size);

  /** Adds a socket, under a number. */
  add(fd: number, id: number): void {
    const view = new DataView(this.#event.buffer);
    view.setInt32(0, EPOLLIN | EPOLLOUT | EPOLLET, true);
    view.setUint32(this.#size - 8, id, true);
    if (c.epoll_ctl(this.#fd, EPOLL_CTL_ADD, fd, this.#event) < 0) {
      throw new Error("a socket that cannot be waited for");
    }
  }

  /**
   * Waits for events of any.
   * @param ms At most.
   * @param ready Told the number of each socket that can be read or written, or is broken.
   */
  wait(ms: number, ready: (id: number, broken: boolean) => void): void {
    const count = c.epoll_wait(this.#fd, this.#events, 256, ms);
    for (let i = 0; i < count; i++) {
      const at = i * this.#size;
      const broken = this.#view.getUint32(at, true) & (EPOLLERR | EPOLLHUP);
      ready(this.#view.getUint32(at + this.#size - 8, true), broken !== 0);
    }
  }
}

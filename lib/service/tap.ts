/**
 * The wire tap: a page watches the bytes of a connection of its own, heads and frames, as they cross the wire.
 * @module
 */
import type { WireTap } from "../net/outbox.ts";
import type { Socket } from "../net/socket.ts";
import type { SocketHandler } from "../net/socket_handler.ts";
import type { TapBoard, TapEvent, TapWatcher } from "./board.ts";

/** What of a payload is shown, in bytes. */
export const SHOWN = 1024;
/** Longest head that is shown, in bytes. */
const MAX_HEAD = 32 * 1024;
/** What may wait for the watcher, in bytes; more is lost, and counted. */
const MAX_WAITING = 256 * 1024;
/** A tap's id. */
export const tapId = /^[A-Za-z0-9_-]{16,64}$/;

type Direction = "in" | "out";

/** Takes an id for a page's tap. Returns its handler; `undefined` if the id is taken. */
export async function openTap(id: string, board: TapBoard): Promise<SocketHandler | undefined> {
  let page: Page | undefined;
  if (!await board.claim(id, (event) => page?.tell(event))) return undefined;
  return {
    open: (socket) => void (page = new Page(socket)),
    close: () => board.release(id),
  };
}

/** Watches one connection for whoever has the id; `undefined` where nobody has. */
export async function watch(id: string | undefined, board: TapBoard): Promise<WireTap | undefined> {
  const watcher = id === undefined ? undefined : await board.watch(id);
  if (watcher === undefined) return undefined;
  const sides = { in: new Side("in", watcher), out: new Side("out", watcher) };
  return { bytes: (direction, bytes) => sides[direction].take(bytes) };
}

/** A page that watches. */
class Page {
  readonly #socket: Socket;
  readonly #began = performance.now();
  #lost = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Tells it something; a page that does not keep up loses it, and hears how much it lost. */
  tell(what: TapEvent): void {
    const socket = this.#socket;
    if (!socket.open) return;
    if (socket.bufferedAmount > MAX_WAITING) {
      this.#lost++;
      return;
    }
    const t = Math.round((performance.now() - this.#began) * 10) / 10;
    if (this.#lost > 0) socket.send(JSON.stringify({ t, lost: this.#lost }));
    this.#lost = 0;
    socket.send(JSON.stringify({ t, ...what }));
  }
}

/** One direction of a connection: first a head, then frames. */
class Side {
  readonly #direction: Direction;
  readonly #watcher: TapWatcher;
  #head: string | undefined = "";
  /** The frame at hand: its header and what of its payload is shown. */
  #shown: number[] = [];
  /** Bytes of its payload that have not come; `undefined` while its header is incomplete. */
  #missing: number | undefined;
  #cut = false;

  constructor(direction: Direction, watcher: TapWatcher) {
    this.#direction = direction;
    this.#watcher = watcher;
  }

  take(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#head !== undefined) this.#headByte(bytes[at++]!);
      else if (this.#missing === undefined) this.#headerByte(bytes[at++]!);
      else at += this.#payload(bytes.subarray(at));
      if (this.#missing === 0) this.#frame();
    }
  }

  #headByte(byte: number): void {
    const head = this.#head += String.fromCharCode(byte);
    if (!head.endsWith("\r\n\r\n") && head.length < MAX_HEAD) return;
    this.#head = undefined;
    this.#tell({ kind: "head", text: maskSecrets(head) });
  }

  #headerByte(byte: number): void {
    const shown = this.#shown;
    shown.push(byte);
    if (shown.length < 2) return;
    const short = shown[1]! & 0x7f;
    const extended = short < 126 ? 0 : short === 126 ? 2 : 8;
    const size = 2 + extended + (shown[1]! >= 0x80 ? 4 : 0);
    if (shown.length < size) return;
    const length = shown.slice(2, 2 + extended).reduce((sum, b) => sum * 256 + b, 0);
    this.#missing = extended === 0 ? short : length;
    this.#cut = this.#missing > SHOWN;
  }

  /** Takes payload. Returns how much of it was this frame's. */
  #payload(bytes: Uint8Array): number {
    const missing = this.#missing!;
    const count = Math.min(missing, bytes.length);
    // The header is 14 bytes at most: what is shown of the payload is cut exactly when the frame is told.
    for (let i = 0; i < count && this.#shown.length < SHOWN + 14; i++) this.#shown.push(bytes[i]!);
    this.#missing = missing - count;
    return count;
  }

  #frame(): void {
    const second = this.#shown[1]!;
    const short = second & 0x7f;
    const header = 2 + (short < 126 ? 0 : short === 126 ? 2 : 8) + (second >= 0x80 ? 4 : 0);
    const hex = Uint8Array.from(this.#shown.slice(0, header + SHOWN)).toHex();
    this.#tell({ kind: "frame", hex, ...this.#cut ? { cut: true } : {} });
    this.#shown = [];
    this.#missing = undefined;
  }

  #tell(what: Record<string, unknown>): void {
    this.#watcher.tell({ conn: this.#watcher.conn, dir: this.#direction, ...what });
  }
}

/**
 * A head with `…` for every token and cookie.
 * @param head As it crossed the wire.
 */
export function maskSecrets(head: string): string {
  return head
    .replace(/([?&]token=)[^&\s]*/g, "$1…")
    .replace(/^((?:Proxy-)?Authorization|Cookie|Set-Cookie):[^\r\n]*/gim, "$1: …")
    .replace(/kodama\.token\.[^\s,;]*/g, "kodama.token.…");
}

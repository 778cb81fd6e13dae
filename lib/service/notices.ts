/**
 * Lines about refused requests and abnormal ends: few, whatever comes from outside.
 * @module
 */
import type { Peer } from "../net/transport.ts";
import type { Watch } from "../net/watch.ts";
import { CloseCode } from "../websocket/close.ts";
import type { LineName } from "./lines.ts";
import type { Fields, Log } from "./log.ts";

/** Most lines between two calls of {@linkcode Notices.turn}. */
export const NOTICES = 10;

/** What is nobody's mistake: a link that leads nowhere, a method that is not there. */
const ordinary = new Set([404, 405]);

/** Writes the lines, ten for each turn; the others are counted. */
export class Notices {
  readonly #log: Log;
  readonly #most: number;
  #left: number;
  #held = 0;

  /** What connections tell. */
  readonly watch: Watch = {
    refused: (peer, { status, message }) => {
      if (ordinary.has(status)) return;
      this.#line("info", "refused", { peer: addressOf(peer), status, reason: message });
    },
    unencrypted: (peer, reason) =>
      this.#line("info", "refused", { peer: addressOf(peer), reason: `TLS: ${reason}` }),
    ended: (peer, { code, reason }) => {
      const level = code === CloseCode.InternalError ? "error" : "info";
      this.#line(level, "ended abnormally", { peer: addressOf(peer), code, reason });
    },
  };

  /**
   * @param log Where the lines go.
   * @param threads How many threads write there, each its share of the lines.
   */
  constructor(log: Log, threads = 1) {
    this.#log = log;
    this.#left = this.#most = Math.ceil(NOTICES / threads);
  }

  /** Begins a second: says how many lines were held back in the one before. */
  turn(): void {
    if (this.#held > 0) this.#log.info("more refused or ended abnormally", { count: this.#held });
    this.#left = this.#most;
    this.#held = 0;
  }

  #line(level: "info" | "error", message: LineName, fields: Fields): void {
    if (this.#left === 0) {
      this.#held++;
      return;
    }
    this.#left--;
    this.#log[level](message, fields);
  }
}

/** An address as it is logged: that of whoever is behind a proxy has no port. */
export function addressOf({ hostname, port }: Peer): string {
  if (hostname === "") return "unix";
  if (port === 0) return hostname;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/**
 * Who connects and asks, and that nobody has all connections: each address may have so many, also behind proxies that are
 * believed.
 * @module
 */
import { ownerOf, parseAddress } from "../http/address.ts";
import { HttpError } from "../http/error.ts";
import type { Head } from "../http/head.ts";
import type { Addresses } from "./addresses.ts";
import type { Peer } from "./transport.ts";

/** What is believed of those who connect. */
export interface Proxies {
  /** Whether a peer may ask for others, and is believed who they are. */
  believes(peer: Peer): boolean;
  /** Who a request comes from. */
  client(head: Head, peer: Peer): Peer;
  /** Whose connections are not counted: this machine's, and those of proxies. */
  exempt(peer: Peer): boolean;
}

/** Gives a connection's place among those of its address back. */
export type Leave = () => void;

const direct: Proxies = {
  believes: () => false,
  client: (_, peer) => peer,
  exempt: () => true,
};

/** Counts connections by address. */
export class Callers {
  readonly #most: number;
  readonly #addresses: Addresses | undefined;
  readonly #proxies: Proxies;

  /**
   * @param most How many connections an address may have; 0: any number.
   * @param addresses Where they are counted. Default: nowhere.
   * @param proxies Who is believed. Default: nobody, and everybody is exempt.
   */
  constructor(most = 0, addresses?: Addresses, proxies: Proxies = direct) {
    this.#most = most;
    this.#addresses = most === 0 ? undefined : addresses;
    this.#proxies = proxies;
  }

  /**
   * Counts a connection that was accepted. One of a peer who may ask for others is counted by each request, for its client.
   * @returns Gives its place back, if it has one; or why it may not be.
   */
  accept(peer: Peer): Leave | HttpError | undefined {
    return this.#proxies.believes(peer) ? undefined : this.#enter(peer);
  }

  /** Who a request comes from. */
  client(head: Head, peer: Peer): Peer {
    return this.#proxies.client(head, peer);
  }

  /**
   * Counts a request whose connection was not.
   * @returns Gives its place back, if it has one.
   * @throws {HttpError} 429 if its client has too many.
   */
  request(client: Peer, peer: Peer): Leave | undefined {
    if (!this.#proxies.believes(peer)) return undefined;
    const place = this.#enter(client);
    if (place instanceof HttpError) throw place;
    return place;
  }

  #enter(client: Peer): Leave | HttpError | undefined {
    if (this.#addresses === undefined || this.#proxies.exempt(client)) return undefined;
    const address = parseAddress(client.hostname);
    if (address === undefined) return undefined;
    return this.#addresses.enter(ownerOf(address), this.#most) ?? crowded();
  }
}

function crowded(): HttpError {
  const why = "too many connections from this address (--max-per-address; is it a proxy's? see " +
    "--trust-proxy)";
  return new HttpError(429, why, [["Retry-After", "5"]]);
}

/**
 * A part of what waits to be written, and for whom it counts.
 * @module
 */
import type { Backlog, Share } from "./backlog.ts";

/** From here on it is worth to look whether bytes are counted already; in bytes. */
const SHARED = 1024;

/** A part of the queue; `lent` where its buffer goes back to the pool once written, `share` where others may have it, too. */
export interface Segment {
  bytes: Uint8Array;
  lent: Uint8Array<ArrayBuffer> | undefined;
  share: Share | undefined;
}

/** What is written while nothing is. */
export const nothing: Segment = { bytes: new Uint8Array(0), lent: undefined, share: undefined };

/** Bytes that others may have, too, as they count from now on: small ones as if nobody had. */
export function heldSegment(backlog: Backlog, bytes: Uint8Array): Segment {
  const { length } = bytes;
  const share = length >= SHARED ? backlog.hold(bytes, length) : undefined;
  if (share === undefined) backlog.own(length);
  return { bytes, lent: undefined, share };
}

/** It counts no more. */
export function releaseSegment(backlog: Backlog, { bytes, share }: Segment): void {
  if (share === undefined) backlog.own(-bytes.length);
  else backlog.release(share);
}

/** Its part of what is held, in bytes: what several hold is divided among them. */
export function weightOf({ bytes, share }: Segment): number {
  return share === undefined ? bytes.length : share.size / share.holders;
}

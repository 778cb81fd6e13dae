/**
 * Names for lives of a log.
 * @module
 */

/** A name that no other life has had: 8 characters, at random. */
export function newEpoch(): string {
  return crypto.randomUUID().slice(0, 8);
}

import { timingSafeEqual as equal } from "node:crypto";

/** Compares bytes in a time that does not tell where they differ. */
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && equal(a, b);
}

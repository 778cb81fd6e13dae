/**
 * Stand-in for `@std/crypto`: the platform's Web Crypto, and a comparison in constant time.
 * @module
 */
export * from "./crypto.ts";
export * from "./timing_safe_equal.ts";

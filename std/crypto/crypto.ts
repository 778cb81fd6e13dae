/** The platform's Web Crypto, under the name that `@std/crypto` gives its own superset of it. */
export const crypto: Crypto = globalThis.crypto;

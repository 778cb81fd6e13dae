import { createHash } from "node:crypto";

/** The digests that are used here, of those that `@std/crypto` knows. */
export type DigestAlgorithmName = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

/** Of the platform's Web Crypto what is used here, with digests that are there at once. */
export interface StdCrypto {
  /** Web Crypto's digest, and the same without waiting. */
  readonly subtle: {
    digest(algorithm: DigestAlgorithmName, data: BufferSource): Promise<ArrayBuffer>;
    digestSync(algorithm: DigestAlgorithmName, data: BufferSource): ArrayBuffer;
  };
}

/** Web Crypto's `digest`, and `digestSync` by the platform's own implementation. */
export const crypto: StdCrypto = {
  subtle: {
    digest: (algorithm, data) => globalThis.crypto.subtle.digest(algorithm, data),
    digestSync(algorithm, data) {
      const bytes = ArrayBuffer.isView(data)
        ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
        : new Uint8Array(data);
      const digest = createHash(algorithm.replace("-", "").toLowerCase()).update(bytes).digest();
      return new Uint8Array(digest).buffer;
    },
  },
};

/** Stand-in for `@std/encoding/hex`. */
export { decodeHex, encodeHex } from "byte-encodings/hex";

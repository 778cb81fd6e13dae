/** Stand-in for `@std/encoding/base64`. */
export { decodeBase64, encodeBase64 } from "byte-encodings/base64";

/** Stand-in for `@std/encoding/base64url`. */
export { decodeBase64Url, encodeBase64Url } from "byte-encodings/base64url";

/**
 * What a request's target says (RFC 9112, 3.2): its path, and its query.
 * @module
 */
import { HttpError } from "./error.ts";

/** The parameters of a target's query; none where it has no query. */
export function parametersOf(target: string): URLSearchParams {
  const at = target.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : target.slice(at + 1));
}

/**
 * A path, or a part of one, percent-decoded once.
 * @throws {HttpError} 400 where it does not decode.
 */
export function decoded(path: string): string {
  if (!path.includes("%")) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    throw new HttpError(400, "the path is not percent-encoded UTF-8");
  }
}

/**
 * Going on with another token on an open connection (`{"token":"…"}`).
 * @module
 */
import type { OfToken, Rights } from "../auth/auth.ts";
import { HttpError } from "../http/error.ts";

/**
 * Looks at a token that is to follow another.
 * @param sub Whose connection it is.
 * @param ofToken Verifies tokens; `undefined`: nothing does.
 * @returns What it allows; a text says what is wrong with it, and `undefined` that it is another's.
 */
export async function renew(
  token: unknown,
  sub: string | undefined,
  ofToken: OfToken | undefined,
): Promise<Rights | string | undefined> {
  if (typeof token !== "string") return "the token is not a text";
  if (ofToken === undefined) return "nothing verifies tokens here";
  try {
    const rights = await ofToken(token);
    return rights.sub === sub ? rights : undefined;
  } catch (error) {
    if (error instanceof HttpError) return error.message;
    throw error;
  }
}

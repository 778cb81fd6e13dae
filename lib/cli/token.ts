/**
 * `kodama token`: a token for whoever may read and write what it says.
 * @module
 */
import { mintToken } from "../auth/mint.ts";
import type { Command } from "../settings/command.ts";

/**
 * Mints a token.
 * @param now In ms since 1970.
 */
export function token(
  { options }: Extract<Command, { run: "token" }>,
  now: number,
): Promise<string> {
  const { secret, read, write, ttl, sub: subject, info } = options;
  const claims = { read, write, ttl, subject, info: info === "" ? undefined : JSON.parse(info) };
  return mintToken(secret, claims, now);
}

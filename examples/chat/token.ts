/**
 * Says who somebody is: a token for the chat, as your application makes one for whoever has signed in.
 * @module
 */
import { SignJWT } from "jose";

/** @param secret The server's, its `--secret`. */
export function tokenFor(name: string, secret: string): Promise<string> {
  return new SignJWT({ sub: name, r: ["chat"], w: ["chat"] })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));
}

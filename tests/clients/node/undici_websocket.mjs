/** https://undici.nodejs.org/#/docs/api/WebSocket.md: what Node's own `WebSocket` is made of. */
import { createRequire } from "node:module";
import { WebSocket } from "undici";
import { say } from "./check.mjs";
import { standardChecks } from "./standard.mjs";

say(`version ${createRequire(import.meta.url)("undici/package.json").version}`);
await standardChecks(WebSocket);

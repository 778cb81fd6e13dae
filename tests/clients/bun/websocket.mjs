/** https://bun.com/docs/api/websockets: Bun's own `WebSocket` */
import { say } from "../node/check.mjs";
import { standardChecks } from "../node/standard.mjs";

say(`version ${Bun.version}`);
await standardChecks(WebSocket);

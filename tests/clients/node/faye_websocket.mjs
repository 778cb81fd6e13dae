/** https://github.com/faye/faye-websocket-node, with its extension for compression. */
import { createRequire } from "node:module";
import faye from "faye-websocket";
import deflate from "permessage-deflate";
import { say } from "./check.mjs";
import { standardChecks } from "./standard.mjs";

say(`version ${createRequire(import.meta.url)("faye-websocket/package.json").version}`);
await standardChecks(class extends faye.Client {
  constructor(url, subprotocols) {
    super(url, subprotocols, { extensions: [deflate], maxLength: 2 ** 20 });
  }
});

/** https://github.com/websockets/ws */
import { createRequire } from "node:module";
import WebSocket from "ws";
import { binary, check, contains, equal, Inbox, PUBLISHED, say, SIZES, text, urls } from "./check.mjs";

/** Opens one. Its inbox takes messages, pongs as "pong payload", and how it was closed as "code reason". */
async function open(url, subprotocols = []) {
  // It offers permessage-deflate by itself, and compresses messages of 1 KiB or more.
  const ws = new WebSocket(url, subprotocols);
  const inbox = new Inbox();
  ws.on("message", (data, isBinary) => inbox.put(isBinary ? data : data.toString()));
  ws.on("pong", (payload) => inbox.put(`pong ${payload}`));
  ws.on("close", (code, reason) => inbox.put(`${code} ${reason}`));
  await new Promise((resolve, reject) => ws.once("open", resolve).once("error", reject));
  return { ws, inbox };
}

say(`version ${createRequire(import.meta.url)("ws/package.json").version}`);
const [echo, channel] = urls;

const { ws, inbox } = await open(echo);
for (const size of SIZES) {
  await check(`echo text ${size}`, async () => {
    ws.send(text(size));
    equal(await inbox.next(), text(size));
  });
  await check(`echo binary ${size}`, async () => {
    ws.send(binary(size));
    equal(await inbox.next(), binary(size));
  });
}
await check("fragments", async () => {
  ws.send("frag", { fin: false });
  ws.send("men", { fin: false });
  ws.send("ts", { fin: true });
  equal(await inbox.next(), "fragments");
});
await check("ping", async () => {
  ws.ping("are you there");
  equal(await inbox.next(), "pong are you there");
});
await check("close by the client", async () => {
  ws.close(4001, "bye");
  equal(await inbox.next(), "4001 ");
});

await check("channel", async () => {
  const { ws, inbox } = await open(channel);
  say("subscribed");
  equal(await inbox.next(), PUBLISHED);
  ws.close();
  await inbox.next();
});

await check("close by the server", async () => {
  const { ws, inbox } = await open(channel, ["kodama.v1"]);
  contains(await inbox.next(), '{"open":');
  ws.send(Buffer.from("not JSON"));
  equal(await inbox.next(), "1003 JSON is spoken here");
});

/** https://github.com/theturtle32/WebSocket-Node */
import { createRequire } from "node:module";
import websocket from "websocket";
import { binary, check, contains, equal, Inbox, PUBLISHED, say, SIZES, text, urls } from "./check.mjs";

/** Opens one. Its inbox takes messages, pongs as "pong payload", and how it was closed as "code reason". */
function open(url, subprotocol) {
  const client = new websocket.client();
  const opened = new Promise((resolve, reject) => {
    client.on("connectFailed", reject);
    // Listen at once: a first message may have come with the handshake.
    client.on("connect", (connection) => {
      const inbox = new Inbox();
      connection.on("message", (message) => inbox.put(message.utf8Data ?? message.binaryData));
      connection.on("pong", (payload) => inbox.put(`pong ${payload}`));
      connection.on("close", (code, reason) => inbox.put(`${code} ${reason}`));
      resolve({ connection, inbox });
    });
  });
  client.connect(url, subprotocol);
  return opened;
}

say(`version ${createRequire(import.meta.url)("websocket/package.json").version}`);
const [echo, channel] = urls;

const { connection, inbox } = await open(echo);
for (const size of SIZES) {
  await check(`echo text ${size}`, async () => {
    connection.sendUTF(text(size));
    equal(await inbox.next(), text(size));
  });
  await check(`echo binary ${size}`, async () => {
    connection.sendBytes(binary(size));
    equal(await inbox.next(), binary(size));
  });
}
await check("fragments", async () => {
  // It cuts whatever is longer than 16 KiB by itself.
  connection.sendUTF(text(50_000));
  equal(await inbox.next(), text(50_000));
});
await check("ping", async () => {
  connection.ping("are you there");
  equal(await inbox.next(), "pong are you there");
});
await check("close by the client", async () => {
  connection.close(4001, "bye");
  contains(await inbox.next(), "4001 ");
});

await check("channel", async () => {
  const { connection, inbox } = await open(channel);
  say("subscribed");
  equal(await inbox.next(), PUBLISHED);
  connection.close();
});

await check("close by the server", async () => {
  const { connection, inbox } = await open(channel, "kodama.v1");
  contains(await inbox.next(), '{"open":');
  connection.sendBytes(Buffer.from("not JSON"));
  equal(await inbox.next(), "1003 JSON is spoken here");
});

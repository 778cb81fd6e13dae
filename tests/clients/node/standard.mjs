/** The checks of a client that has the browsers' interface, `WebSocket` (https://websockets.spec.whatwg.org). */
import { binary, check, equal, contains, Inbox, PUBLISHED, say, SIZES, skip, text, urls } from "./check.mjs";

/** Opens one. Its inbox takes messages, and how it was closed as "code reason". */
async function open(WebSocket, url, subprotocols = []) {
  const ws = new WebSocket(url, subprotocols);
  const inbox = new Inbox();
  ws.binaryType = "arraybuffer";
  ws.onmessage = ({ data }) => inbox.put(typeof data === "string" ? data : new Uint8Array(data));
  ws.onclose = ({ code, reason }) => inbox.put(`${code} ${reason}`);
  await new Promise((resolve, reject) => {
    ws.onopen = resolve;
    ws.onerror = ({ message }) => reject(new Error(message || "the connection failed"));
  });
  return { ws, inbox };
}

export async function standardChecks(WebSocket) {
  const [echo, channel] = urls;
  const { ws, inbox } = await open(WebSocket, echo);
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
  skip("fragments", "the browsers' interface sends whole messages only");
  skip("ping", "the browsers' interface has none");
  await check("close by the client", async () => {
    ws.close(4001, "bye");
    contains(await inbox.next(), "4001");
  });

  await check("channel", async () => {
    const { ws, inbox } = await open(WebSocket, channel);
    say("subscribed");
    equal(await inbox.next(), PUBLISHED);
    ws.close();
    await inbox.next();
  });

  await check("close by the server", async () => {
    const { ws, inbox } = await open(WebSocket, channel, ["kodama.v1"]);
    contains(await inbox.next(), '{"open":');
    ws.send(Buffer.from("not JSON"));
    equal(await inbox.next(), "1003 JSON is spoken here");
  });
}

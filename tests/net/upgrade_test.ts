/** From HTTP to WebSocket: the answer, and that no frame is lost on the way. */
import { assertEquals, assertMatch } from "@std/assert";
import zlib from "node:zlib";
import { acceptHandshake } from "../../lib/websocket/handshake.ts";
import { clientFrame } from "../tools/frames.ts";
import { concat, utf8 } from "../tools/bytes.ts";
import { echo, Recorder } from "../tools/handler.ts";
import { answers, hasAnswers, statuses } from "../tools/answers.ts";
import { join, textOf } from "../tools/raw.ts";
import { TestServer, webSocket } from "../tools/server.ts";
import { closeCode, HANDSHAKE, WebSocketClient } from "../tools/websocket.ts";
import { test } from "../tools/way.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("Connection answers the RFC's handshake with 101 and the RFC's accept (RFC 6455, 1.3)", async () => {
  await using server = new TestServer(webSocket({}));
  using client = await server.connect();
  await client.send(HANDSHAKE);
  assertEquals(
    textOf(await client.until(hasAnswers(1))),
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
  );
});

test("Connection upgrades a handshake that comes byte by byte, its frames too", async () => {
  await using server = new TestServer(webSocket(echo));
  using client = await server.connect();
  await client.drip(join(HANDSHAKE, clientFrame(0x81, utf8("hi"))));
  await client.until((received) => textOf(received).endsWith("\x81\x02hi"));
});

test("Connection loses no frame that comes in the segment of the handshake", async () => {
  await using server = new TestServer(webSocket(echo));
  using client = await WebSocketClient.open(
    server,
    concat(clientFrame(0x81, utf8("one")), clientFrame(0x82, utf8("two")), Uint8Array.of(0x89)),
  );
  assertEquals(await client.next(), { first: 0x81, payload: utf8("one") });
  assertEquals(await client.next(), { first: 0x82, payload: utf8("two") });
  await client.raw.send(clientFrame(0x89, utf8("three")).subarray(1));
  assertEquals(await client.next(), { first: 0x8a, payload: utf8("three") });
});

test("Connection loses no frame that comes while the handler awaits something", async () => {
  const asked = Promise.withResolvers<void>(), allowed = Promise.withResolvers<void>();
  const recorder = new Recorder(echo);
  const accept = webSocket(recorder);
  await using server = new TestServer(async (request) => {
    asked.resolve();
    await allowed.promise;
    return await accept(request);
  });
  using raw = await server.connect();
  await raw.send(join(HANDSHAKE, clientFrame(0x81, utf8("in the same segment"))));
  await asked.promise;
  await raw.send(clientFrame(0x81, utf8("in the next")));
  assertEquals(recorder.log, []);
  allowed.resolve();
  await raw.until((received) => textOf(received).endsWith("\x81\x0bin the next"));
  assertEquals(recorder.log, ["open", "message 1 in the same segment", "message 1 in the next"]);
});

test("Connection upgrades after requests on the same connection, pipelined too", async () => {
  const accept = webSocket(echo);
  await using server = new TestServer((request) =>
    request.headers.has("upgrade") ? accept(request) : { status: 200 }
  );
  using client = await server.connect();
  await client.send(join(GET, GET, HANDSHAKE, clientFrame(0x81, utf8("hi"))));
  const received = await client.until((bytes) => textOf(bytes).endsWith("\x81\x02hi"));
  assertEquals(statuses(received).slice(0, 3), [200, 200, 101]);
});

test("Connection serves on after a handshake that was refused", async () => {
  await using server = new TestServer(webSocket({}));
  using client = await server.connect();
  await client.send(HANDSHAKE.replace("Version: 13", "Version: 8") + HANDSHAKE);
  const [refused, accepted] = answers(await client.until(hasAnswers(2)));
  assertEquals(refused?.status, 426);
  assertEquals(refused?.headers.get("sec-websocket-version"), "13");
  assertEquals(accepted?.status, 101);
});

test("Connection tells the handler of a close that came with the handshake", async () => {
  const recorder = new Recorder();
  await using server = new TestServer(webSocket(recorder));
  using client = await WebSocketClient.open(server, clientFrame(0x88, utf8("")));
  assertEquals((await client.rest()).map(closeCode), [1005]);
  assertEquals(recorder.log, ["open", "close 1005 clean"]);
});

test("Connection answers 500 where the handshake's fields cannot be sent", async () => {
  await using server = new TestServer(async (request) => {
    const answer = await webSocket({})(request);
    if ("upgrade" in answer) answer.upgrade.headers.push(["X", "a\r\nb"]);
    return answer;
  });
  using client = await server.connect();
  await client.send(HANDSHAKE);
  assertEquals(statuses(await client.readAll()), [500]);
  assertEquals(server.takeFaults(), ["control character in the field X"]);
});

test("Connection speaks permessage-deflate where it was agreed on (RFC 7692, 7.2)", async () => {
  await using server = new TestServer(async (request) => {
    const upgrade = await acceptHandshake(request, [], "shared");
    return upgrade.accepted ? { upgrade, handler: echo } : { status: upgrade.status };
  });
  using client = await server.connect();
  const offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
  await client.send(HANDSHAKE.replace(/\r\n\r\n$/, "\r\n" + offer));
  const received = await client.until(hasAnswers(1));
  const [answer] = answers(received);
  assertMatch(answer!.headers.get("sec-websocket-extensions")!, /^permessage-deflate/);
  const text = utf8("kodama ".repeat(100_000));
  const finishFlush = zlib.constants.Z_SYNC_FLUSH;
  const deflated = new Uint8Array(zlib.deflateRawSync(text, { finishFlush }).subarray(0, -4));
  client.take(received.length);
  await client.send(concat(clientFrame(0xc1, deflated), clientFrame(0x88, utf8(""))));
  const bytes = await client.readAll();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  assertEquals([bytes[0], bytes[1]], [0xc1, 126]);
  const echoed = concat(bytes.subarray(4, 4 + view.getUint16(2)), Uint8Array.of(0, 0, 255, 255));
  assertEquals(new Uint8Array(zlib.inflateRawSync(echoed, { finishFlush })), text);
});

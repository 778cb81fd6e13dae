import { assert, assertEquals } from "@std/assert";
import { PermessageDeflate } from "../../lib/websocket/deflate.ts";
import { Input } from "../../lib/websocket/input.ts";
import { lendBuffer, returnBuffer } from "../../lib/websocket/pool.ts";
import { Protocol } from "../../lib/websocket/protocol.ts";
import { concat, noise } from "../tools/bytes.ts";
import { SHARED } from "../tools/deflate.ts";
import { clientFrame, ROOMY, said } from "../tools/frames.ts";

/** A message that inflates in several steps. */
const content = concat(noise(3000), new Uint8Array(200_000), noise(100));

function deflated(): Uint8Array {
  const payload = new PermessageDeflate(SHARED, 0).deflate(content);
  assert(payload !== undefined);
  return payload;
}

/** Feeds a compressed message, in two fragments; `tell` is its handler. */
function receive(tell: (protocol: Protocol, payload: Uint8Array) => void) {
  const protocol: Protocol = new Protocol(
    { frame() {} },
    { message: (payload) => tell(protocol, payload) },
    ROOMY,
    new PermessageDeflate(SHARED, 0),
  );
  const input = new Input();
  const payload = deflated();
  input.append(clientFrame(0x42, payload.subarray(0, 1500)));
  input.append(clientFrame(0x80, payload.subarray(1500)));
  protocol.receive(input);
  return { protocol, input };
}

for (const end of ["fail", "lost"] as const) {
  Deno.test(`Protocol keeps an inflated message until its handler returns, also after ${end}()`, () => {
    let told = "";
    let inflated: ArrayBufferLike | undefined;
    const { protocol, input } = receive((protocol, payload) => {
      inflated = payload.buffer;
      protocol[end](1011, "");
      // Somebody else needs a buffer of that size meanwhile, and writes into it.
      const other = lendBuffer(payload.length).fill(0xee);
      told = said(2, payload);
      returnBuffer(other);
    });
    while (protocol.busy) protocol.receive(input);
    assertEquals(told, said(2, content));
    // Then it is given back, once.
    const lent = [1, 2, 3, 4].map(() => lendBuffer(content.length).buffer as ArrayBufferLike);
    assertEquals(lent.filter((buffer) => buffer === inflated).length, 1);
    input.dispose();
  });
}

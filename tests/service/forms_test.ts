/** The forms in which messages leave, beside what makes a whole frame. */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { type Kind, Message } from "../../lib/hub/message.ts";
import { header } from "../../lib/service/forms.ts";
import { encodeFrame, Opcode } from "../../lib/websocket/frame.ts";
import { concat, noise } from "../tools/bytes.ts";

for (const size of [16 * 1024, 65_535, 65_536, 1 << 20]) {
  for (const kind of ["text", "json", "binary"] as Kind[]) {
    Deno.test(`a header of ${size} bytes of ${kind} with the body behind it is a whole frame`, () => {
      const body = noise(size), place = { epoch: "e", seq: 1 };
      const message = new Message({ channel: "a", kind, body }, place, 0);
      const opcode = kind === "binary" ? Opcode.Binary : Opcode.Text;
      assertEquals(concat(message.as(header), message.body), encodeFrame(opcode, body));
      // It is made once, and the body is not copied at all.
      assertStrictEquals(message.as(header), message.as(header));
      assertStrictEquals(message.body, body);
    });
  }
}

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { envelope, type Form, type Kind, Message } from "../../lib/hub/message.ts";
import { utf8 } from "../tools/bytes.ts";

function message(kind: Kind, body: string | Uint8Array): Message {
  const bytes = typeof body === "string" ? utf8(body) : body;
  return new Message({ channel: "btc", kind, body: bytes }, { epoch: "x7", seq: 122 }, 0);
}

const HEAD = '{"id":"x7.122","ch":"btc",';

const forms: [what: string, kind: Kind, body: string | Uint8Array, rest: string][] = [
  ["JSON as the value it is", "json", '{"price":42}', '"data":{"price":42}}'],
  ["JSON text", "json", '"hi"', '"data":"hi"}'],
  ["JSON null", "json", "null", '"data":null}'],
  ["large numbers digit by digit", "json", "[12345678901234567890,1e400]", ""],
  ["numbers as they are written", "json", "[1.10,-0,1E5,0.1000000000000000055511151231257827]", ""],
  ["keys in their order, also twice the same", "json", '{"b":1,"a":2,"b":3}', ""],
  ["white space between tokens", "json", ' { "a" : 1 ,\t"b": [ ] } ', ""],
  ["escapes as they are written", "json", '"\\u0041\\/\\n\\ud83e\\udea8"', ""],
  ["line breaks in JSON as spaces", "json", '{\r\n  "a": 1\n}\n', '"data":{    "a": 1 } }'],
  ["other separators in JSON as they are", "json", '"\u2028\u2029\u0085"', ""],
  ["text", "text", "plain text", '"data":"plain text"}'],
  ["empty text", "text", "", '"data":""}'],
  ["text that looks like JSON", "text", '{"a":1}', '"data":"{\\"a\\":1}"}'],
  ["text of several lines", "text", "a\r\nb\n", '"data":"a\\r\\nb\\n"}'],
  ["text with controls", "text", "\0\x1b[31m\x7f", '"data":"\\u0000\\u001b[31m\x7f"}'],
  ["a byte order mark", "text", "\ufeffa", '"data":"\ufeffa"}'],
  ["text above the first plane", "text", "木霊🪨", '"data":"木霊🪨"}'],
  ["binary", "binary", Uint8Array.of(0, 1, 2), '"base64":"AAEC"}'],
  ["binary with padding", "binary", Uint8Array.of(255, 254), '"base64":"//4="}'],
  ["empty binary", "binary", new Uint8Array(0), '"base64":""}'],
  ["binary that is UTF-8", "binary", "hi", '"base64":"aGk="}'],
];
for (const [what, kind, body, rest] of forms) {
  Deno.test(`Message writes ${what} in its envelope`, () => {
    const text = message(kind, body).toJSONText();
    assertEquals(text, HEAD + (rest || `"data":${body}}`));
    assertEquals(
      new TextDecoder("utf-8", { ignoreBOM: true }).decode(envelope.encode(message(kind, body))),
      text,
    );
  });
}

Deno.test("Message writes any JSON as one line that means the same", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2, "\t"), (value, space) => {
    const text = message("json", JSON.stringify(value, null, space)).toJSONText();
    assert(!/[\r\n]/.test(text));
    assertEquals(JSON.parse(text), JSON.parse(`${HEAD}"data":${JSON.stringify(value)}}`));
  }));
});

Deno.test("Message writes any text as one line of JSON that gives it back", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), (value) => {
    const text = message("text", value).toJSONText();
    assert(!/[\r\n]/.test(text));
    assertEquals(JSON.parse(text).data, value);
  }));
});

Deno.test("Message makes each form once for all who need it, until it forgets", () => {
  let made = 0;
  const form = (slot: number): Form => ({ slot, encode: () => Uint8Array.of(slot, ++made) });
  const one = form(0), other = form(17);
  const sent = message("text", "a");
  const first = sent.as(one);
  assertEquals(first, Uint8Array.of(0, 1));
  assertStrictEquals(sent.as(one), first);
  assertEquals(sent.as(other), Uint8Array.of(17, 2));
  assertStrictEquals(sent.as(one), first);
  sent.forget();
  assertEquals(sent.as(one), Uint8Array.of(0, 3));
  sent.forget();
  sent.forget();
});

Deno.test("Message knows its place", () => {
  const sent = new Message(
    { channel: "a/b", kind: "text", body: utf8("x") },
    { epoch: "e", seq: Number.MAX_SAFE_INTEGER },
    12.5,
  );
  assertEquals([sent.id, sent.channel, sent.time], ["e.9007199254740991", "a/b", 12.5]);
});

/** Events as messages, and messages as events. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Message } from "../../lib/hub/message.ts";
import { draftOf, eventOf, type PusherEvent, pusherEvent } from "../../lib/pusher/event.ts";

const encoder = new TextEncoder(), decoder = new TextDecoder();

function message(kind: Message["kind"], body: string | Uint8Array, channel = "btc"): Message {
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  return new Message({ channel, kind, body: bytes }, { epoch: "x", seq: 1 }, 0);
}

Deno.test("an event is published as JSON, whose data is JSON where it is an object or an array", () => {
  const rows: [event: PusherEvent, body: string][] = [
    [{ event: "e", data: '{"a":1}' }, '{"event":"e","data":{"a":1}}'],
    [{ event: "e", data: " [1, 2.50,\n1e400] " }, '{"event":"e","data": [1, 2.50,\n1e400] }'],
    [{ event: "e", data: "plain" }, '{"event":"e","data":"plain"}'],
    [{ event: "e", data: "" }, '{"event":"e","data":""}'],
    [{ event: "e", data: "42" }, '{"event":"e","data":"42"}'],
    [{ event: "e", data: '"quoted"' }, '{"event":"e","data":"\\"quoted\\""}'],
    [{ event: "e", data: "{not json" }, '{"event":"e","data":"{not json"}'],
    [{ event: "e", data: '{"a":1},"b":{}' }, '{"event":"e","data":"{\\"a\\":1},\\"b\\":{}"}'],
    [{ event: 'q"\\\n', data: "[]" }, '{"event":"q\\"\\\\\\n","data":[]}'],
    [{ event: "client-e", data: undefined }, '{"event":"client-e"}'],
    [
      { event: "client-e", data: "{}", user: 'a"' },
      '{"event":"client-e","user_id":"a\\"","data":{}}',
    ],
  ];
  for (const [event, body] of rows) {
    const draft = draftOf("btc", event);
    assertEquals([draft.kind, decoder.decode(draft.body)], ["json", body]);
    assertEquals(eventOf(message("json", body)), { user: undefined, ...event });
  }
});

Deno.test("whatever an event's data is, it comes out with each of its characters", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.json(),
    fc.json().map((t) => `\t${t}\r\n`),
  );
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), text, (name, data) => {
    const event = `e${name}`, { kind, body } = draftOf("btc", { event, data });
    assertEquals(eventOf({ kind, body }), { event, data, user: undefined });
  }));
});

Deno.test("what is published otherwise is an event if it looks like one, and else the event message", () => {
  const plain = (data: string): PusherEvent => ({ event: "message", data });
  const rows: [kind: Message["kind"], body: string | Uint8Array, event: PusherEvent][] = [
    ["text", "hello", plain("hello")],
    ["text", '{"event":"e","data":{}}', plain('{"event":"e","data":{}}')],
    ["binary", new Uint8Array([0, 255]), plain("AP8=")],
    ["json", "42", plain("42")],
    ["json", '{"price":42}', plain('{"price":42}')],
    ["json", '{"event":42,"data":{}}', plain('{"event":42,"data":{}}')],
    ["json", '{"event":"e","data":{},"more":1}', plain('{"event":"e","data":{},"more":1}')],
    ["json", '{"event":"e","user_id":1}', plain('{"event":"e","user_id":1}')],
    ["json", '{"event":"pusher:error","data":{}}', plain('{"event":"pusher:error","data":{}}')],
    [
      "json",
      '{"event":"pusher_internal:member_added"}',
      plain('{"event":"pusher_internal:member_added"}'),
    ],
    ["json", '{"data":{"n":1},"event":"e"}', { event: "e", data: '{"n":1}', user: undefined }],
    [
      "json",
      '{ "event" : "e", "data" : [12345678901234567890, 1e999] }',
      { event: "e", data: "[12345678901234567890,1e999]", user: undefined },
    ],
    ["json", '{"event":"e","data":1,"data":{"a": 2}}', {
      event: "e",
      data: '{"a":2}',
      user: undefined,
    }],
    ["json", '{"event":"e","data":null}', { event: "e", data: "null", user: undefined }],
    ["json", '{"event":"e"}', { event: "e", data: undefined, user: undefined }],
  ];
  for (const [kind, body, event] of rows) assertEquals(eventOf(message(kind, body)), event);
});

Deno.test("an event leaves with its channel's name, and its data as a text", () => {
  const rows: [channel: string, body: string, text: string][] = [
    ["btc", '{"event":"e","data":{"a":1}}', '{"event":"e","channel":"btc","data":"{\\"a\\":1}"}'],
    ["7/a~2Cb", '{"event":"e"}', '{"event":"e","channel":"a,b"}'],
    [
      "presence-r",
      '{"event":"client-e","user_id":"ann","data":"x"}',
      '{"event":"client-e","channel":"presence-r","data":"x","user_id":"ann"}',
    ],
    ["btc", '"x"', '{"event":"message","channel":"btc","data":"\\"x\\""}'],
  ];
  for (const [channel, body, text] of rows) {
    assertEquals(decoder.decode(message("json", body, channel).as(pusherEvent)), text);
  }
});

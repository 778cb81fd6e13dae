/**
 * Publishing over HTTP: what is refused and why, and keys.
 * @module
 */
import { hex } from "../tools/bytes.ts";
import { type Case, publish, request, type Table } from "./case.ts";

const ok = '200 {"id":"ID","subscribers":0}';
const json = "Content-Type: application/json", bytes = "Content-Type: application/octet-stream";
const foreign = "Origin: http://evil.example";
const notUtf8 = "400c the body is not UTF-8; send bytes as application/octet-stream";
const notJson = "400c the body is not JSON";
const stranger = "403c this origin may not connect; it can be allowed with --origin";
const badKey = "400c Idempotency-Key is not 1 to 128 visible ASCII characters";
/** Nothing of what is refused is there after. */
const silent = request("GET /refused");

export const refusals: Table = {
  about: "publishes that are refused",
  inOrder: true,
  cases: [
    ["text that is not UTF-8", publish("/refused", hex("ff")), [notUtf8, "end"]],
    ["text that ends within a character", publish("/refused", hex("e6 9c")), [notUtf8, "end"]],
    ["a surrogate", publish("/refused", hex("ed a0 80")), [notUtf8, "end"]],
    ["JSON that is not UTF-8", publish("/refused", hex("22 c3 22"), [json]), [notUtf8, "end"]],
    ["JSON that is none", publish("/refused", "{", [json]), [notJson, "end"]],
    ["empty JSON", publish("/refused", "", [json]), [notJson, "end"]],
    ["two values of JSON", publish("/refused", "1 2", [json]), [notJson, "end"]],
    ["JSON behind a byte order mark", publish("/refused", "\ufeff1", [json]), [notJson, "end"]],
    ["no length", request("POST /refused"), [
      "411c Content-Length or chunked is needed",
      "end",
    ]],
    ["several channels", publish("/refused,eth", "x"), [
      "400c one message goes to one channel",
      "end",
    ]],
    ["a bad name", publish("/refu%20sed", "x"), [
      "400c a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /",
      "end",
    ]],
    ["a reserved name", publish("/%2D/btc", "x"), ['400c "-" is reserved', "end"]],
    ["a channel of the apps", publish("/apps/btc", "x"), ["404c nothing is here", "end"]],
    ["a stranger's page", publish("/refused", "x", [foreign]), [stranger, "end"]],
    ["a page without an origin", publish("/refused", "x", ["Origin: null"]), [stranger, "end"]],
    [
      "a page of an allowed origin by another scheme",
      publish("/refused", "x", ["Origin: http://a.example"]),
      [stranger, "end"],
    ],
    [
      "a stranger's page, instead of 100",
      request("POST /refused", [foreign, "Content-Length: 1", "Expect: 100-continue"]),
      [stranger, "end"],
    ],
    [
      "a rebound name",
      "POST /refused HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1\r\n\r\nx",
      ["421c this server does not go by that name; see --host", "end"],
    ],
    [
      "a rebound name in the target, with a good Host",
      "POST http://evil.example/refused HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx",
      ["421c this server does not go by that name; see --host", "end"],
    ],
    ["an unknown expectation", publish("/refused", "x", ["Expect: x"]), [
      "417c only 100-continue can be expected",
      "end",
    ]],
    [
      "nobody on this machine, through a proxy",
      publish("/refused", "x", [
        "X-Forwarded-For: 192.0.2.1",
      ]),
      [
        "403c not allowed to write refused: only this machine may write here (protected mode); others may with a " +
        "token, see --secret and --jwks; this came through a proxy, whose word --trust-proxy takes",
        "end",
      ],
    ],
    ...["", "a b", "é", "x".repeat(129)].map((key): Case => [
      `the key ${JSON.stringify(key.slice(0, 9))}`,
      publish("/refused", "x", [`Idempotency-Key: ${key}`]),
      [badKey, "end"],
    ]),
    ["none of them has published", silent, [
      '200 {"open":"ID","channels":["refused"],"gap":false,"messages":[]}',
    ]],
  ],
};

export const published: Table = {
  about: "publishes that are taken",
  cases: [
    ["text", publish("/taken", "木霊"), [ok]],
    ["PUT", request("PUT /taken", ["Content-Length: 1"], "x"), [ok]],
    ["an empty text", publish("/taken", ""), [ok]],
    ["JSON of any value", publish("/taken", " null ", [json]), [ok]],
    ["JSON with names of Object.prototype", publish("/taken", '{"__proto__":1}', [json]), [ok]],
    ["bytes", publish("/taken", hex("ff 00"), [bytes]), [ok]],
    ["an allowed origin", publish("/taken", "x", ["Origin: https://a.example"]), [ok]],
    ["a key of one character", publish("/taken", "x", ["Idempotency-Key: k"]), [ok]],
    [
      "a key of 128 characters",
      publish("/taken", "x", [`Idempotency-Key: ${"k".repeat(128)}`]),
      [ok],
    ],
    [
      "the same key twice is one message",
      [
        publish("/keyed", "1", ["Idempotency-Key: twice"]),
        1,
        publish("/keyed", "2", ["Idempotency-Key: twice"]),
        2,
        request("GET /keyed"),
      ],
      [
        ok,
        `${ok} replayed`,
        '200 {"open":"ID","channels":["keyed"],"gap":false,"messages":' +
        '[{"id":"ID","ch":"keyed","data":"1"}]}',
      ],
    ],
    [
      "the same key on another channel is another",
      [
        publish("/keyed-a", "1", ["Idempotency-Key: other"]),
        1,
        publish("/keyed-b", "2", ["Idempotency-Key: other"]),
      ],
      [ok, ok],
    ],
  ],
};

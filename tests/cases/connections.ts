/**
 * One connection: requests behind each other, and how it ends.
 * @module
 */
import { concat, hex } from "../tools/bytes.ts";
import { join } from "../tools/raw.ts";
import { type Case, END, frame, handshake, publish, request, type Table, text } from "./case.ts";

const ok = '200 {"id":"ID","subscribers":0}', health = '200 {"status":"ok"}';
const HEALTH = request("GET /-/health");
const late = ["408c the request took too long", "end"];

export const pipelines: Table = {
  about: "requests behind each other",
  cases: [
    [
      "50 in one segment are answered in order",
      join(...Array.from({ length: 25 }, () => [publish("/pipelined", "x"), HEALTH]).flat()),
      Array.from({ length: 25 }, () => [ok, health]).flat(),
    ],
    [
      "what follows one that is refused is not answered",
      join(HEALTH, "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", HEALTH),
      [health, "400c line ends without CR", "end"],
    ],
    [
      "what follows Connection: close is not answered",
      join(request("GET /-/health", ["Connection: x, Close"]), HEALTH),
      ['200c {"status":"ok"}', "end"],
    ],
    [
      "what follows HTTP/1.0 is not answered, whatever it asks for",
      "GET /-/health HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
      ['200c {"status":"ok"}', "end"],
    ],
    [
      "the end of the client's side behind them",
      [join(HEALTH, HEALTH), END],
      [health, health, "end"],
    ],
    [
      "a body that nobody wants is passed over, and what follows it is a request",
      join(request("GET /-/health", ["Content-Length: 18"], "GET / HTTP/1.1\r\n\r\n"), HEALTH),
      [health, health],
    ],
    [
      "a chunked body that nobody wants ends it",
      request("GET /-/health", ["Transfer-Encoding: chunked"], "0\r\n\r\n"),
      ['200c {"status":"ok"}', "end"],
    ],
    [
      "a body that nobody asked for, where the client waits to be asked, ends it",
      request("GET /-/health", ["Content-Length: 1", "Expect: 100-continue"]),
      ['200c {"status":"ok"}', "end"],
    ],
    [
      "HEAD has the length of GET and no body",
      join(request("HEAD /-/health"), request("HEAD /-/health")),
      ["200 application/json", "200 application/json"],
    ],
  ],
};

export const ends: Table = {
  about: "ends",
  cases: [
    ["the client ends before it has said a word", [END], ["end"]],
    ["within a head", ["GET / HTT", END], ["end"]],
    ["within a frame header", [handshake("/-/echo"), 1, hex("81"), END], ["101", "end"]],
    ["within a payload", [handshake("/-/echo"), 1, hex("81 85 00 00 00 00 48"), END], [
      "101",
      "end",
    ]],
    ["within a message", [handshake("/-/echo"), 1, frame(0x01, "a"), END], ["101", "end"]],
    ["within a character", [handshake("/-/echo"), 1, frame(0x01, hex("e6 9c")), END], [
      "101",
      "end",
    ]],
    ["after a text", [concat(handshake("/-/echo"), text("x")), 2, END], ["101", "text x", "end"]],
    [
      "after a close, with more of what nobody reads",
      [concat(handshake("/-/echo"), frame(0x88), hex("ff ff ff ff"))],
      ["101", "close", "end"],
    ],
    ["within a stream of events", [
      request("GET /ends", ["Accept: text/event-stream"]),
      2,
      END,
    ], [
      "200c text/event-stream",
      'id: ID, data: {"open":"ID","channels":["ends"],"gap":false}',
      "last chunk",
      "end",
    ]],
  ],
};

export const slow: Table = {
  about: "clients that are slow or silent",
  on: "hasty",
  whole: true,
  cases: [
    ["nothing is said", [], ["end"]],
    ["a head that does not end", "GET / HTTP/1.1\r\nHost: localhost\r\n", late],
    ["one byte of a head", "G", late],
    ["nothing after a request", HEALTH, [health, "end"]],
    ["a body that does not come", request("POST /slow", ["Content-Length: 5"]), late],
    ["a body that does not end", request("POST /slow", ["Content-Length: 5"], "hell"), late],
    [
      "chunks that do not end",
      request("POST /slow", ["Transfer-Encoding: chunked"], "5\r\nhello\r\n0\r\n"),
      late,
    ],
    ["half a frame header", [handshake("/-/echo"), 1, hex("81")], [
      "101",
      "close 1008 message took too long",
      "end",
    ]],
    ["half a payload", [handshake("/-/echo"), 1, hex("81 85 00 00 00 00 48")], [
      "101",
      "close 1008 message took too long",
      "end",
    ]],
    ["the first fragment alone", [handshake("/-/echo"), 1, frame(0x01, "one")], [
      "101",
      "close 1008 message took too long",
      "end",
    ]],
  ] satisfies Case[],
};

/**
 * Streams of events (HTML, 9.2), histories, the ticker, and what `Accept` chooses (RFC 9110, 12.5.1).
 * @module
 */
import { concat } from "../tools/bytes.ts";
import { clientClose } from "../tools/frames.ts";
import {
  type Case,
  END,
  handshake,
  publish,
  request,
  type Step,
  type Table,
  text,
} from "./case.ts";

const ok = '200 {"id":"ID","subscribers":0}';
/** Watches until so many lines have come; then the client ends its side, and the stream with it. */
const watch = (target: string, lines: number, ...fields: string[]): Step[] => [
  request(`GET ${target}`, [ACCEPT, ...fields]),
  lines,
  END,
];
const ACCEPT = "Accept: text/event-stream";
const stream = "200c text/event-stream";
const opening = (channel: string) =>
  `id: ID, data: {"open":"ID","channels":["${channel}"],"gap":false}`;
const badSince =
  "400c since is no id, no age such as 30s, no number such as -10, and neither all nor last";
const html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

export const events: Table = {
  about: "streams of events",
  cases: [
    ["the first event says where one stands", watch("/events", 2), [
      stream,
      opening("events"),
      "last chunk",
      "end",
    ]],
    [
      "what is remembered follows, with since",
      [publish("/events-all", "a\nb"), 1, ...watch("/events-all?since=all", 4)],
      [
        ok,
        stream,
        opening("events-all"),
        'id: ID, data: {"id":"ID","ch":"events-all","data":"a\\nb"}',
        "last chunk",
        "end",
      ],
    ],
    [
      "Last-Event-ID wins over since (HTML, 9.2.3)",
      watch("/events-last?since=all", 2, "Last-Event-ID: other.1"),
      [
        stream,
        'id: ID, data: {"open":"ID","channels":["events-last"],"gap":true,"lost":{"events-last":"epoch"}}',
        "last chunk",
        "end",
      ],
    ],
    ["a Last-Event-ID that is none", request("GET /events", [ACCEPT, "Last-Event-ID: x"]), [
      badSince,
      "end",
    ]],
    ["a bad since", request("GET /events?since=x", [ACCEPT]), [badSince, "end"]],
    ["a bad name", request("GET /b%20c", [ACCEPT]), [
      "400c a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /",
      "end",
    ]],
    ["a stranger's page", request("GET /events", [ACCEPT, "Origin: http://evil.example"]), [
      "403c this origin may not connect; it can be allowed with --origin",
      "end",
    ]],
    [
      "a request behind it is not answered",
      [concat(request("GET /events-behind", [ACCEPT]), publish("/smuggled", "x")), 2, END],
      [stream, opening("events-behind"), "last chunk", "end"],
    ],
    ["HEAD subscribes nobody", request("HEAD /events", [ACCEPT]), ["200 text/event-stream"]],
  ],
};

const accepts: [accept: string, type: string][] = [
  ["*/*", "application/json"],
  ["", "application/json"],
  ["application/json", "application/json"],
  [html, "text/html"],
  ["text/html;q=0.1, application/json;q=0.2", "application/json"],
  ["text/html;q=x, text/event-stream;q=2, application/json;q=-1", "application/json"],
  ["image/png", "application/json"],
  ["__proto__, constructor", "application/json"],
  [",".repeat(4000), "application/json"],
];

export const choices: Table = {
  about: "what Accept chooses",
  cases: accepts.map(([accept, type]): Case => [
    JSON.stringify(accept.slice(0, 50)),
    request("HEAD /choices", [`Accept: ${accept}`]),
    [`200 ${type}`],
  ]),
};

export const ticker: Table = {
  about: "the ticker",
  cases: [
    ["its first message comes at once", [handshake("/"), 2, clientClose(1000)], [
      "101",
      "text echo 1",
      "close 1000",
      "end",
    ]],
    [
      "what is said to it is logged, and escapes no line",
      [concat(handshake("/"), text("client: echo 1\u001b[31m\n")), 2, clientClose(1000)],
      ["101", "text echo 1", "close 1000", "end"],
      ["received client: echo 1\u001b[31m\n"],
    ],
  ],
};

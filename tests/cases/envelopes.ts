/**
 * What a client asks in an envelope, and what it publishes raw.
 * @module
 */
import { concat, hex } from "../tools/bytes.ts";
import { clientClose } from "../tools/frames.ts";
import { ANSWER, type Case, frame, handshake, type Table, text } from "./case.ts";

const needed = "one of sub, unsub, pub and token is needed";
const character = "a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /";
const badSince = "since is no id, no age, no number, and neither all nor last";

/** A request, and the answer; `ID` stands for any id. */
export type Exchange = [request: unknown, answer: Record<string, unknown>];

/** What a client that watches `btc` asks, one after the other. */
export const exchanges: Exchange[] = [
  [{ sub: "eth" }, { sub: "eth", open: "ID", gap: false }],
  [{ sub: "eth" }, { error: "already subscribed" }],
  [{ sub: "btc", ref: 1 }, { error: "already subscribed", ref: 1 }],
  [{ unsub: "eth" }, { unsub: "eth" }],
  [{ unsub: "eth", ref: "again" }, { unsub: "eth", ref: "again" }],
  [{ unsub: "never" }, { unsub: "never" }],
  [{ sub: "eth", since: "all", ref: 2 }, { sub: "eth", open: "ID", gap: false, ref: 2 }],
  [{ unsub: "eth" }, { unsub: "eth" }],
  [{ sub: "eth", since: "zzz.1" }, {
    sub: "eth",
    open: "ID",
    gap: true,
    lost: { eth: "epoch" },
  }],
  [{ pub: "x", data: { a: 1 }, ref: 3 }, { ref: 3, id: "ID" }],
  [{ pub: "x", data: "text" }, { id: "ID" }],
  [{ pub: "x", data: null, ref: null }, { ref: null, id: "ID" }],
  [{ pub: "x", base64: "AAEC", ref: { a: [] } }, { ref: { a: [] }, id: "ID" }],
  [{ pub: "x", data: 1, unknown: true, ref: 4 }, { ref: 4, id: "ID" }],
  ['{"pub":"x","data":{"__proto__":1},"__proto__":2}', { id: "ID" }],
  [{ pub: "x", ref: 5 }, { error: "one of data and base64 is needed", ref: 5 }],
  [{ pub: "x", data: 1, base64: "" }, { error: "one of data and base64 is needed" }],
  [{ pub: "x", base64: "A" }, { error: "base64 is not base64" }],
  [{ pub: "x", base64: "AAEC\n" }, { error: "base64 is not base64" }],
  [{ pub: "x", base64: 1 }, { error: "base64 is not base64" }],
  [{ pub: "a b", data: 1, ref: 6 }, { error: character, ref: 6 }],
  [{ sub: "" }, { error: "a channel name is empty" }],
  [{ sub: "-/metrics" }, { error: '"-" is reserved' }],
  [{ sub: "a,b" }, { error: character }],
  [{ sub: 1, ref: 7 }, { error: "the channel is not a text", ref: 7 }],
  [{ sub: ["eth"] }, { error: "the channel is not a text" }],
  [{ sub: "doge", since: "x" }, { error: badSince }],
  [{ sub: "doge", since: 1 }, { error: badSince }],
  [{ sub: "doge", since: null }, { error: badSince }],
  [{ sub: "a", pub: "b", data: 1, ref: 8 }, { error: needed, ref: 8 }],
  [{ ref: 9 }, { error: needed, ref: 9 }],
  [{}, { error: needed }],
  ['{"__proto__":{"sub":"eth"}}', { error: needed }],
  ["hello", { error: "not JSON" }],
  ["", { error: "not JSON" }],
  ['{"sub":"eth"', { error: "not JSON" }],
  ["[]", { error: "not an object" }],
  ["null", { error: "not an object" }],
  ['"sub"', { error: "not an object" }],
  ["42", { error: "not an object" }],
];

const V1 = "Sec-WebSocket-Protocol: kodama.v1";
const said = (value: unknown) => typeof value === "string" ? value : JSON.stringify(value);
const opened = (channel: string) => [
  "101 kodama.v1",
  `text {"open":"ID","channels":["${channel}"],"gap":false}`,
];

export const envelopes: Table = {
  about: "envelopes",
  cases: [
    [
      "every request is answered in its turn, by what it asked or by what is wrong with it",
      concat(handshake("/btc", [V1]), ...exchanges.map(([asked]) => text(said(asked)))),
      [...opened("btc"), ...exchanges.map(([, answer]) => `text ${JSON.stringify(answer)}`)],
    ],
    [
      "binary where JSON is spoken",
      [concat(handshake("/binary", [V1]), frame(0x82, "{}")), 2, ANSWER],
      ["101 kodama.v1", "close 1003 JSON is spoken here", "end"],
    ],
    [
      "what one publishes to a channel that one watches comes before its receipt",
      [handshake("/own", [V1]), 2, text('{"pub":"own","data":1,"ref":1}')],
      [...opened("own"), 'text {"id":"ID","ch":"own","data":1}', 'text {"ref":1,"id":"ID"}'],
    ],
    [
      "who may not write is told so, and stays",
      [
        handshake("/proxied", [V1, "X-Forwarded-For: 192.0.2.1"]),
        2,
        text('{"pub":"proxied","data":1,"ref":1}'),
        text('{"unsub":"proxied"}'),
      ],
      [...opened("proxied"), 'text {"error":"forbidden","ref":1}', 'text {"unsub":"proxied"}'],
    ],
    [
      "a token that is none, or that nothing verifies, is answered so",
      [handshake("/verb", [V1]), 2, text('{"token":1,"ref":1}'), text('{"token":"x"}')],
      [
        ...opened("verb"),
        'text {"error":"the token is not a text","ref":1}',
        'text {"error":"nothing verifies tokens here"}',
      ],
    ],
    [
      "a text that is not UTF-8 ends it",
      [handshake("/not-utf8", [V1]), 2, frame(0x81, hex("7b ff"))],
      [...opened("not-utf8"), "close 1007 text is not UTF-8", "end"],
    ],
  ],
};

export const raw: Table = {
  about: "raw channels",
  cases: [
    [
      "a text comes back to who watches as it was",
      [handshake("/raw-text"), 1, text("κόσμε")],
      ["101", "text κόσμε"],
    ],
    [
      "bytes come back as bytes",
      [handshake("/raw-bytes"), 1, frame(0x82, hex("00 ff"))],
      ["101", "binary 00ff"],
    ],
    [
      "an empty text is a message",
      [handshake("/raw-empty"), 1, text("")],
      ["101", "text "],
    ],
    [
      "a text in one segment with the handshake",
      concat(handshake("/raw-segment"), text("x")),
      ["101", "text x"],
    ],
    [
      "who may not write and does",
      [handshake("/raw-proxied", ["X-Forwarded-For: 192.0.2.1"]), 1, text("x"), 2, ANSWER],
      ["101", "close 1008 not allowed to write: only this machine may", "end"],
    ],
    [
      "what is not UTF-8 is not published; what was before it is",
      concat(handshake("/raw-cut"), text("good"), frame(0x81, hex("ff"))),
      ["101", "close 1007 text is not UTF-8", "end"],
    ],
  ],
};

/** What one who comes later is told: that was said, perhaps in another thread, and may still be on its way. */
const comes = (channel: string) => [
  "101",
  `text {"open":"ID","channels":["${channel}"],"gap":false}`,
  `text {"id":"ID","ch":"${channel}","data":"last words"}`,
];

/** What is said in one segment with the end is published. */
export const lastWords: Table = {
  about: "what was said last",
  inOrder: true,
  whole: true,
  cases: [
    [
      "raw, in one segment with the close",
      concat(handshake("/last"), text("last words"), clientClose(1000)),
      ["101", "close 1000", "end"],
    ],
    ["it is remembered, or comes", [handshake("/last?since=all")], comes("last")],
    [
      "in an envelope, in one segment with a frame that is wrong",
      concat(
        handshake("/last-wrong", [V1]),
        text('{"pub":"last-wrong","data":"last words"}'),
        hex("81 00"),
      ),
      ["101 kodama.v1", "close 1002 frame is not masked", "end"],
    ],
    ["it is remembered, too, or comes", [handshake("/last-wrong?since=all")], comes("last-wrong")],
  ] satisfies Case[],
};

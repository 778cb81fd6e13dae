/**
 * Targets, however they are spelled: paths, assets, methods.
 * @module
 */
import { type Case, publish, request, type Table } from "./case.ts";

const nothing = "404c nothing is here", noAsset = "404c no such asset";
const undecoded = "400c the path is not percent-encoded UTF-8";
const control = "400c control character in the path";
const readOnly = "405 GET and HEAD are understood here [Allow: GET, HEAD]";
const METHODS = "GET, HEAD, POST, PUT, OPTIONS";
const notHere = `405c ${METHODS} are understood here [Allow: ${METHODS}]`;

const targets: [line: string, gets: string][] = [
  ["GET /-/assets/../../main.ts", noAsset],
  ["GET /-/assets/..%2f..%2fmain.ts", noAsset],
  ["GET /-/assets/%2e%2e/main.ts", noAsset],
  ["GET /-/assets/..%5cmain.ts", noAsset],
  ["GET /-/assets/%252e%252e%252fmain.ts", noAsset],
  ["GET /-/assets//app.css", noAsset],
  ["GET /-/assets/.env", noAsset],
  ["GET /-/assets/", noAsset],
  ["GET /-/assets", nothing],
  ["GET /-/assets/__proto__", noAsset],
  ["GET /-/assets/constructor", noAsset],
  [`GET /-/assets/${"a".repeat(5000)}`, noAsset],
  ["GET /-/assets/app.css%00", control],
  ["GET /-/assets/%zz", undecoded],
  ["GET /-/assets/%", undecoded],
  ["GET /-/assets/%ff", undecoded],
  [
    "GET /%0d%0aX-Split:%20yes",
    control,
  ],
  ["GET /-/assets/app.css?v=1", "200 text/css"],
  ["GET /-/assets/app%2Ecss", "200 text/css"],
  ["POST /-/assets/app.css", readOnly],
  ["DELETE /", readOnly],
  ["POST /-/health", readOnly],
  ["GET /-/", nothing],
  ["GET /-/nothing", nothing],
  ["GET /app/x", nothing],
  ["GET /apps/x", nothing],
  ["HEAD /", "200 text/html"],
  ["GET http://localhost/-/health", '200 {"status":"ok"}'],
  ["OPTIONS /btc", "204"],
  ["PATCH /btc", notHere],
  ["DELETE /btc", notHere],
  ["TRACE /btc", notHere],
  ["OPTIONS *", "400c a channel name is empty"],
];

export const paths: Table = {
  about: "targets",
  cases: targets.map(([line, gets]): Case => [
    line.slice(0, 60),
    request(line),
    /^\d+c/.test(gets) ? [gets, "end"] : [gets],
  ]),
};

/** Names of channels in a path: decoded once, then checked. */
const names: [path: string, why: string | undefined][] = [
  ["bt%20c", "a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /"],
  ["%62tc", undefined],
  ["%2562tc", "a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /"],
  ["name/%2e%2e/b", "a segment of a channel name is . or .."],
  ["name/../b", "a segment of a channel name is . or .."],
  ["name%2fb", undefined],
  ["name%2Cb", "a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /"],
  ["name/", "a segment of a channel name is empty"],
  ["name//b", "a segment of a channel name is empty"],
  ["/name", "a segment of a channel name is empty"],
  ["name,,b", "a channel name is empty"],
  ["name,", "a channel name is empty"],
  ["name,app", '"app" is reserved'],
  ["%2D/btc", '"-" is reserved'],
  ["apps2", undefined],
  ["_.~@:=!-", undefined],
  ["__proto__", undefined],
  ["constructor/prototype", undefined],
  ["%zz", "the path is not percent-encoded UTF-8"],
  ["%ff", "the path is not percent-encoded UTF-8"],
  ["%c0%ae", "the path is not percent-encoded UTF-8"],
  ["name%00", "control character in the path"],
  ["caf%c3%a9", "a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /"],
  ["*", "a channel name has a character other than A-Z a-z 0-9 _ . ~ @ : = ! - /"],
  ["x".repeat(255), undefined],
  ["x".repeat(256), "a channel name is over 255 bytes"],
  ["%78".repeat(255), undefined],
  ["%78".repeat(256), "a channel name is over 255 bytes"],
  ["x/".repeat(127) + "x", undefined],
  ["x/".repeat(127) + "xx", "a channel name is over 255 bytes"],
  [Array.from({ length: 128 }, (_, i) => `c${i}`).join(","), undefined],
  [Array.from({ length: 129 }, (_, i) => `c${i}`).join(","), "over 128 channels"],
  [Array.from({ length: 999 }, () => "name").join(","), undefined],
];
export const channelNames: Table = {
  about: "channel names",
  cases: names.map(([path, why]): Case => [
    path.length > 60 ? `${path.slice(0, 20)}… of ${path.length}` : path,
    request(`HEAD /${path}`),
    why === undefined ? ["200 application/json"] : ["400c", "end"],
    why === undefined ? [] : [`refused 400 ${why}`],
  ]),
};

const badSince =
  "since is no id, no age such as 30s, no number such as -10, and neither all nor last";
const badLimit = "limit is not a number from 1 to 1000";
const wrong = (name: string, why: string, values: string[]) =>
  values.map((value): Case => [
    `${name} ${value.slice(0, 40) || "of nothing"}`,
    request(`GET /cursors?${name}=${value}`),
    [`400c ${why}`, "end"],
  ]);
const right = (name: string, values: string[]) =>
  values.map((value): Case => [
    `${name} ${value}`,
    request(`HEAD /cursors?${name}=${value}`),
    ["200 application/json"],
  ]);
/** Where a life of memory is told by an id, the one that a publish on the same connection has got. */
const since = (channel: string, seq: (own: number) => number | string) => (got: string) => {
  const [, epoch, own] = /"id":"([0-9a-f]{8})\.(\d+)"/.exec(got)!;
  return request(`GET /${channel}?since=${epoch}.${seq(Number(own))}`);
};
const history = (channel: string, what: string, messages = "") =>
  `200 {"open":"ID","channels":["${channel}"],"gap":${what},"messages":[${messages}]}`;

export const cursors: Table = {
  about: "cursors, ages and limits",
  cases: [
    ...wrong("since", badSince, ["", "x", "ALL", "30", "s", "-1s", "1.5s", "30d", "1e3s"]),
    ...wrong("since", badSince, ["9999999999s", "30s,1m", "%20all", "x7", "x7.", ".1", "x7.-1"]),
    ...wrong("since", badSince, ["x7.01", "x7.1.1", "x7.9007199254740992", "x7.1e3", "__proto__"]),
    ...wrong("since", badSince, ["a".repeat(33) + ".1", "yesterday", "30s%00"]),
    ...wrong("limit", badLimit, ["", "0", "1001", "x", "-1", "1.5", "01", "1e2", "%2B5"]),
    ...wrong("limit", badLimit, ["%D9%A3", "99999999999999999999"]),
    ...right("since", ["all", "0s", "999999999s", "999999999h", "1ms", "%61ll", "x7.0"]),
    ...right("since", [`${"a".repeat(32)}.9007199254740991`]),
    ...right("limit", ["1", "1000"]),
    [
      "an id of another life is told as a gap",
      request("GET /cursor-epoch?since=another.1"),
      [history("cursor-epoch", 'true,"lost":{"cursor-epoch":"epoch"}')],
    ],
    [
      "an id from the future is told as a gap; what is remembered comes all the same",
      [publish("/cursor-future", "1"), 1, since("cursor-future", (own) => own + 1_000_000)],
      [
        '200 {"id":"ID","subscribers":0}',
        history(
          "cursor-future",
          'true,"lost":{"cursor-future":"unknown"}',
          '{"id":"ID","ch":"cursor-future","data":"1"}',
        ),
      ],
    ],
    [
      "an id has what is after it and not itself",
      [
        publish("/cursor-after", "1"),
        1,
        publish("/cursor-after", "2"),
        2,
        since("cursor-after", (own) => own),
      ],
      [
        '200 {"id":"ID","subscribers":0}',
        '200 {"id":"ID","subscribers":0}',
        history("cursor-after", "false", '{"id":"ID","ch":"cursor-after","data":"2"}'),
      ],
    ],
  ],
};

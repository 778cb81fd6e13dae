/**
 * Tokens, and what they allow.
 * @module
 */
import { utf8 } from "../tools/bytes.ts";
import { inSeconds, SECRET, sign, unsigned } from "../tools/tokens.ts";
import { ANSWER, type Case, handshake, request, type Table, text } from "./case.ts";

const ALL = { r: ["**"], w: ["**"] };
const invalid = "the token is not valid";
const good = await sign(ALL);
const [head, claims, signature] = good.split(".") as [string, string, string];

/** Tokens that open nothing, and why. */
export const badTokens: [what: string, token: string, why: string][] = [
  ["one that has expired", await sign({ ...ALL, exp: inSeconds(-5) }), "the token has expired"],
  ["one that is not valid yet", await sign({ ...ALL, nbf: inSeconds(600) }), invalid],
  [
    "an expiry that is no number",
    await sign({ ...ALL, exp: "x" as unknown as number }),
    invalid,
  ],
  ["another secret's", await sign(ALL, utf8("another secret of 32 bytes, or so")), invalid],
  [
    "claims that were changed",
    `${head}.${unsigned({ r: [] }).split(".")[1]}.${signature}`,
    invalid,
  ],
  ["a signature that is cut", good.slice(0, -1), invalid],
  ["no signature", `${head}.${claims}.`, invalid],
  ["no signature and no dot", `${head}.${claims}`, invalid],
  ["alg none", unsigned(ALL), invalid],
  ["alg None", unsigned(ALL, "None"), invalid],
  ["another algorithm", await sign(ALL, utf8(SECRET.repeat(2)), { alg: "HS512" }), invalid],
  ["rubbish", "rubbish", invalid],
  ["dots", "..", invalid],
  [
    "r that is a text",
    await sign({ r: "btc" }),
    "the token's claim r is not a list of channel globs",
  ],
  [
    "w that is a list of numbers",
    await sign({ w: [1] }),
    "the token's claim w is not a list of channel globs",
  ],
];

/** Who asks for what with which claims. */
export const rights: [line: string, claims: object | undefined, refusal?: string][] = [
  ["GET /btc", undefined, "401c a token is needed to read btc"],
  ["GET /public/x", undefined],
  ["GET /public/x/y", undefined],
  ["GET /public", undefined],
  ["GET /publicity", undefined, "401c a token is needed to read publicity"],
  ["GET /public/x,btc", undefined, "401c a token is needed to read btc"],
  ["POST /btc", undefined, "401c a token is needed to write btc"],
  ["POST /public/x", undefined, "401c a token is needed to write public/x"],
  ["GET /btc", {}, "403c not allowed to read btc"],
  ["GET /public/x", {}],
  ["GET /btc", { r: ["btc"] }],
  ["GET /btc", { r: ["eth", "b*"] }, "403c not allowed to read btc"],
  ["GET /btc,eth", { r: ["btc"] }, "403c not allowed to read eth"],
  ["GET /btc,eth,public/x", { r: ["btc", "eth"] }],
  ["GET /orders/1", { r: ["orders/*"] }],
  ["GET /orders/1/items", { r: ["orders/*"] }, "403c not allowed to read orders/1/items"],
  ["GET /orders/1/items", { r: ["orders/**"] }],
  ["GET /orders/1/items", { r: ["**/items"] }],
  ["GET /btc", { w: ["**"] }, "403c not allowed to read btc"],
  ["POST /btc", { r: ["**"] }, "403c not allowed to write btc"],
  ["POST /written", { w: ["written"] }],
  ["PUT /btc", { w: ["eth"] }, "403c not allowed to write btc"],
  ["POST /written/1", { w: ["written/*"] }],
];

/** RFC 6750, 3. */
const CHALLENGE = '[WWW-Authenticate: Bearer realm="kodama"]';
const told = (refusal: string) => refusal.startsWith("401") ? `${refusal} ${CHALLENGE}` : refusal;
const ok = '200 {"id":"ID","subscribers":0}';
const bearer = (token: string) => [`Authorization: Bearer ${token}`];
const ask = (line: string, fields: string[]) =>
  request(
    line,
    line.startsWith("GET") ? fields : ["Content-Length: 1", ...fields],
    line.startsWith("GET") ? "" : "x",
  );
const history = (target: string) =>
  `200 {"open":"ID","channels":${
    JSON.stringify(target.slice(1).split(","))
  },"gap":false,"messages":[]}`;
const reading = await sign({ r: ["watched", "more"], w: ["more"] });

export const tokens: Table = {
  about: "tokens",
  on: "tokens",
  cases: [
    ...badTokens.map(([what, token, why]): Case => [
      what,
      request("GET /public/token", bearer(token)),
      [`401c ${why} ${CHALLENGE}`, "end"],
    ]),
    ...badTokens.slice(0, 3).map(([what, token, why]): Case => [
      `${what}, at a handshake`,
      handshake("/public/token", bearer(token)),
      [`401c ${why} ${CHALLENGE}`, "end"],
    ]),
    ...await Promise.all(rights.map(async ([line, claims, refusal], i): Promise<Case> => {
      const fields = claims === undefined ? [] : bearer(await sign({ ...claims }));
      const target = line.split(" ")[1]!;
      const good = line.startsWith("GET") ? history(target) : ok;
      return [
        `${line} with ${JSON.stringify(claims)} (${i + 1})`,
        ask(line, fields),
        refusal === undefined ? [good] : [told(refusal), "end"],
      ];
    })),
    ["in a cookie", request("HEAD /a", [`Cookie: x=y; kodama_token=${good}`]), [
      "200 application/json",
    ]],
    ["in a cookie with quotes", request("HEAD /a", [`Cookie: kodama_token="${good}"`]), [
      "200 application/json",
    ]],
    ["in the query", request(`HEAD /a?token=${good}`), ["200 application/json"]],
    [
      "as a subprotocol, which is never named",
      handshake("/a", [
        `Sec-WebSocket-Protocol: kodama.token.${good}`,
      ]),
      ["101"],
    ],
    ["the scheme in another case", request("HEAD /a", [`Authorization: bEARER ${good}`]), [
      "200 application/json",
    ]],
    ["another scheme is none", request("GET /a", [`Authorization: Basic ${good}`]), [
      told("401c a token is needed to read a"),
      "end",
    ]],
    [
      "who may read and not write, raw",
      [handshake("/watched", bearer(reading)), 1, text("x"), 2, ANSWER],
      ["101", "close 1008 not allowed to write", "end"],
    ],
    [
      "who may read and not write, in an envelope; and another channel",
      [
        handshake("/watched?since=0s", bearer(reading)),
        2,
        text('{"pub":"watched","data":1}'),
        text('{"sub":"else"}'),
        text('{"sub":"more","ref":1}'),
        text('{"pub":"more","data":1}'),
      ],
      [
        "101",
        'text {"open":"ID","channels":["watched"],"gap":false}',
        'text {"error":"forbidden"}',
        'text {"error":"forbidden"}',
        'text {"sub":"more","open":"ID","gap":false,"ref":1}',
        'text {"id":"ID","ch":"more","data":1}',
        'text {"id":"ID"}',
      ],
    ],
  ],
};

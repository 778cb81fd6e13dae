import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import {
  type DeflateMode,
  type DeflateParameters,
  negotiateDeflate,
  parseExtensions,
} from "../../lib/websocket/negotiate.ts";

const modes: DeflateMode[] = ["shared", "takeover"];

/** An offer in one line: `name; parameter=value; …`. */
function flat(value: string): string[] | undefined {
  return parseExtensions(value)?.map(({ name, parameters }) =>
    [name, ...parameters.map(([n, v]) => v === undefined ? n : `${n}=<${v}>`)].join("; ")
  );
}

/** Fields as they are sent, and what they say. */
const wellFormed: [value: string, offers: string[]][] = [
  ["", []],
  [",", []],
  [" ,\t, ", []],
  ["a", ["a"]],
  ["a,b", ["a", "b"]],
  [",a,, b,", ["a", "b"]],
  ["a;b", ["a; b"]],
  ["a;b=c", ["a; b=<c>"]],
  [" a ; b = c ; d ", ["a; b=<c>; d"]],
  ["a\t;\tb\t=\tc\t,\td", ["a; b=<c>", "d"]],
  ["a;b;b=1;b=2", ["a; b; b=<1>; b=<2>"]],
  ['a;b="c"', ["a; b=<c>"]],
  ['a;b=""', ["a; b=<>"]],
  ['a;b="c,d;e=f"', ["a; b=<c,d;e=f>"]],
  ['a;b="c\\"d\\\\e"', ['a; b=<c"d\\e>']],
  ['a;b="\\1\\0"', ["a; b=<10>"]],
  ['a;b="\xff\\\x80"', ["a; b=<\xff\x80>"]],
  ["!#$%&'*+-.^_`|~;0=9", ["!#$%&'*+-.^_`|~; 0=<9>"]],
  ["a, b; c=d, a; e", ["a", "b; c=<d>", "a; e"]],
];

const malformed = [
  " ",
  ";",
  "=",
  "a b",
  "a;",
  "a;;b",
  "a;b;",
  "a=b",
  "a;=b",
  "a;b=",
  "a;b==c",
  "a;b=c=d",
  "a;b=,c",
  "a;b c",
  "a;,b",
  "a;b=c d",
  '"a"',
  'a;"b"',
  'a;b="c',
  'a;b="c\\"',
  'a;b="c"d',
  'a;b="c""d"',
  'a;b="\n"',
  'a;b="\x7f"',
  "a;b=é",
  "a/b",
  "a(b)",
  "a\r\n",
  "a;b=c\0",
  "木",
];

Deno.test("parseExtensions() reads names, parameters and values in order (RFC 6455, 9.1)", () => {
  for (const [value, offers] of wellFormed) assertEquals(flat(value), offers, value);
});

Deno.test("parseExtensions() takes a malformed field for none (RFC 6455, 9.1)", () => {
  for (const value of malformed) {
    assertEquals(parseExtensions(value), undefined, JSON.stringify(value));
    // Also behind an offer that is good.
    const behind = `permessage-deflate, ${value}`;
    if (value.trim() !== "") {
      assertEquals(parseExtensions(behind), undefined, JSON.stringify(behind));
      for (const mode of modes) assertEquals(negotiateDeflate(behind, mode), undefined);
    }
  }
});

Deno.test("parseExtensions() never throws, and what it reads it would read again", () => {
  const pieces = fc.constantFrom(
    "a",
    "b1",
    ";",
    ",",
    "=",
    " ",
    "\t",
    '"',
    "\\",
    "\xe9",
    "木",
    "\n",
  );
  const field = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join("")),
  );
  let read = 0;
  fc.assert(
    fc.property(field, (value) => {
      const offers = parseExtensions(value);
      negotiateDeflate(value, "shared");
      if (offers === undefined) return;
      if (offers.length > 0) read++;
      const again = offers.map(({ name, parameters }) =>
        [
          name,
          ...parameters.map(([n, v]) =>
            v === undefined ? n : `${n}="${v.replace(/["\\]/g, "\\$&")}"`
          ),
        ].join(";")
      ).join(",");
      assertEquals(parseExtensions(again), offers);
    }),
    { numRuns: 3000 },
  );
  assert(read > 50, `${read} were well-formed`);
});

Deno.test("parseExtensions() reads a hostile field of 8 KiB in milliseconds", () => {
  const hostile = [
    " ".repeat(8191) + "(",
    "a" + " ".repeat(8190) + "b",
    ",".repeat(8192),
    "a;b".repeat(2730),
    "a;" + "b;".repeat(4095),
    "a,".repeat(4096),
    "a" + ";b=c".repeat(2047),
    'a;b="' + "c".repeat(8187),
    'a;b="' + "\\\\".repeat(4093),
    'a;b="' + "\\c".repeat(4093) + '"',
    'a;b="' + "\\".repeat(8187),
    "permessage-deflate,".repeat(431),
    "permessage-deflate;x,".repeat(390),
    "a".repeat(8192),
  ];
  for (const value of hostile) {
    const began = performance.now();
    negotiateDeflate(value, "shared");
    // Anything quadratic takes far longer.
    assertLess(performance.now() - began, 100, value.slice(0, 10));
  }
});

const none = "permessage-deflate";
const server = "; server_no_context_takeover", client = "; client_no_context_takeover";

/** What one offer is answered with in each mode: only what was offered is named. */
const accepted: [offer: string, shared: string, takeover: string][] = [
  ["", "", ""],
  [server, server, server],
  [client, client, client],
  [server + client, server + client, server + client],
  [client + server, client + server, client + server],
  // 7.1.2.2: without a value the client only says that it could; the answer asks for it where that saves memory.
  ["; client_max_window_bits", "; client_max_window_bits=10", ""],
  ["; client_max_window_bits=8", "; client_max_window_bits=8", "; client_max_window_bits=8"],
  ['; client_max_window_bits="9"', "; client_max_window_bits=9", "; client_max_window_bits=9"],
  ["; client_max_window_bits=10", "; client_max_window_bits=10", "; client_max_window_bits=10"],
  ["; client_max_window_bits=11", "; client_max_window_bits=10", "; client_max_window_bits=11"],
  ["; client_max_window_bits=15", "; client_max_window_bits=10", "; client_max_window_bits=15"],
  // What is compressed by itself needs no window here.
  [`; client_max_window_bits${client}`, client, client],
  [`${client}; client_max_window_bits`, client, client],
  [
    `${client}; client_max_window_bits=12`,
    `${client}; client_max_window_bits=12`,
    `${client}; client_max_window_bits=12`,
  ],
  ["; server_max_window_bits=9", "; server_max_window_bits=9", "; server_max_window_bits=9"],
  ['; server_max_window_bits="10"', "; server_max_window_bits=10", "; server_max_window_bits=10"],
  [
    '; server_max_window_bits="\\1\\0"',
    "; server_max_window_bits=10",
    "; server_max_window_bits=10",
  ],
  [
    " ;\tserver_max_window_bits = 12 ; client_max_window_bits ",
    "; server_max_window_bits=12; client_max_window_bits=10",
    "; server_max_window_bits=12",
  ],
  [
    `; client_max_window_bits=10; server_max_window_bits=11${server}`,
    `; client_max_window_bits=10; server_max_window_bits=11${server}`,
    `; client_max_window_bits=10; server_max_window_bits=11${server}`,
  ],
];

/** What an answer says, read with a parser other than the one under test; in `shared` this side does what it need not say. */
function said(answer: string, mode: DeflateMode): DeflateParameters {
  const names = new Map(answer.split("; ").slice(1).map((p) => p.split("=") as [string, string]));
  return {
    serverNoContextTakeover: mode === "shared" || names.has("server_no_context_takeover"),
    clientNoContextTakeover: names.has("client_no_context_takeover"),
    serverMaxWindowBits: Number(names.get("server_max_window_bits") ?? 15),
    clientMaxWindowBits: Number(names.get("client_max_window_bits") ?? 15),
  };
}

Deno.test("negotiateDeflate() answers every parameter as the mode wants it (7.1)", () => {
  for (const [offer, ...answers] of accepted) {
    modes.forEach((mode, i) => {
      const agreement = negotiateDeflate(none + offer, mode);
      assertEquals(agreement?.answer, none + answers[i], `${mode}: ${offer}`);
      assertEquals(agreement?.parameters, said(agreement!.answer, mode), `${mode}: ${offer}`);
    });
  }
});

Deno.test("negotiateDeflate() names only what the client offered, and asks for no more than it can (7.1)", () => {
  const flags = ["server_no_context_takeover", "client_no_context_takeover"];
  const bits = ["", "=8", "=9", "=15"].map((v) => `client_max_window_bits${v}`);
  const serverBits = ["=9", "=15"].map((v) => `server_max_window_bits${v}`);
  const choices = fc.tuple(
    fc.subarray(flags),
    fc.option(fc.constantFrom(...bits)),
    fc.option(fc.constantFrom(...serverBits)),
    fc.constantFrom(...modes),
  );
  fc.assert(fc.property(choices, fc.nat(), ([flags, client, server, mode], turn) => {
    const offered = [...flags, client, server].filter((p) => p !== null);
    const turned = offered.map((_, i) => offered[(i + turn) % offered.length]!);
    const { answer, parameters } = negotiateDeflate([none, ...turned].join(";"), mode)!;
    const answered = answer.split("; ").slice(1);
    const names = answered.map((parameter) => parameter.split("=")[0]!);
    for (const name of names) {
      assert(offered.some((p) => p.split("=")[0] === name), `${name} was not offered`);
    }
    for (const flag of flags) assert(answered.includes(flag), `${flag} was offered`);
    if (server) assert(answered.includes(server), `${server} was offered`);
    assertEquals(new Set(names).size, names.length);
    assertEquals(parameters, said(answer, mode));
    assertEquals(parameters.serverMaxWindowBits, Number(server?.split("=")[1] ?? 15));
    assertLessOrEqual(parameters.clientMaxWindowBits, Number(client?.split("=")[1] ?? 15));
  }));
});

/** RFC 7692, 7.1: what "MUST" be declined. */
const declined = [
  "permessage-deflate; unknown",
  "permessage-deflate; unknown=1",
  "permessage-deflate; __proto__",
  "permessage-deflate; constructor=1",
  "permessage-deflate; my_no_context_takeover",
  "permessage-deflate; Server_No_Context_Takeover",
  "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
  "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
  "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
  "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
  "permessage-deflate; server_no_context_takeover=1",
  'permessage-deflate; server_no_context_takeover=""',
  "permessage-deflate; client_no_context_takeover=true",
  "permessage-deflate; server_max_window_bits",
  'permessage-deflate; server_max_window_bits=" 10"',
  ...["server", "client"].flatMap((side) =>
    ["0", "7", "16", "010", "09", "1e1", "-9", "+9", "9.0", "abc", "150", '""', "٩"]
      .map((v) => `permessage-deflate; ${side}_max_window_bits=${v}`)
  ),
  // zlib writes no window of 256 bytes.
  "permessage-deflate; server_max_window_bits=8",
  "x-webkit-deflate-frame",
  "permessage-bzip2",
  "permessage-deflate2",
];

Deno.test("negotiateDeflate() declines what RFC 7692 has it decline, and that is no error (7.1)", () => {
  for (const offer of declined) {
    for (const mode of modes) assertEquals(negotiateDeflate(offer, mode), undefined, offer);
  }
});

Deno.test("negotiateDeflate() takes the next offer that is acceptable (5.1)", () => {
  for (const offer of declined.filter((offer) => parseExtensions(offer) !== undefined)) {
    const value = `${offer}, foo; bar, permessage-deflate; server_max_window_bits=11, ${none}`;
    const answer = negotiateDeflate(value, "takeover")?.answer;
    assertEquals(answer, "permessage-deflate; server_max_window_bits=11", offer);
  }
  const two = "permessage-deflate; client_no_context_takeover, permessage-deflate";
  assertEquals(
    negotiateDeflate(two, "takeover")?.answer,
    "permessage-deflate; client_no_context_takeover",
  );
});

Deno.test("negotiateDeflate() agrees on nothing where nothing was offered, or it is off", () => {
  for (const mode of modes) {
    for (const value of [undefined, "", "foo", ","]) {
      assertEquals(negotiateDeflate(value, mode), undefined);
    }
  }
  for (const [offer] of accepted) assertEquals(negotiateDeflate(none + offer, "off"), undefined);
});

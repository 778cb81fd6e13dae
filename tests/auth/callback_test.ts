/**
 * Asking a backend who may do what: what it is asked, what its answers mean, and that it is asked only so much.
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createAuthorize, type Rights } from "../../lib/auth/auth.ts";
import {
  createCallback,
  MAX_ASKING,
  MAX_WAITING,
  type Outcome,
  PATIENCE,
} from "../../lib/auth/callback.ts";
import { type Fetch, MAX_ANSWER } from "../../lib/backend/post.ts";
import { HttpError } from "../../lib/http/error.ts";
import type { Request } from "../../lib/net/connection.ts";
import { defaults } from "../../lib/settings/config.ts";
import { settled, TestTime } from "../tools/test_time.ts";
import { inSeconds, SECRET } from "../tools/tokens.ts";

const URL = "http://backend.test/asked";

/** A request of a browser that is logged in. */
function requestOf(fields: Record<string, string> = { cookie: "session=1" }): Request {
  return {
    method: "GET",
    target: "/room",
    minor: 1,
    headers: new Map(Object.entries(fields)),
    keepAlive: true,
    peer: { hostname: "192.0.2.1", port: 40_000 },
    secure: false,
    hasBody: false,
    body: () => Promise.resolve(new Uint8Array(0)),
  };
}

/** A callback over a scripted fetch, and what it has said. */
function callbackOf(fetch: Fetch, given: { threads?: number; secret?: string } = {}) {
  const time = new TestTime(), said: [Outcome, number, string | undefined][] = [];
  let asking = 0;
  const callback = createCallback({
    config: { ...defaults, secret: given.secret ?? "", authorize: URL },
    threads: given.threads ?? 1,
    fetch,
    time,
    begun: () => void asking++,
    ended(outcome, took, why) {
      asking--;
      said.push([outcome, took, why]);
    },
  });
  return { callback, time, said, asking: () => asking };
}

/** A fetch that does not answer until it is aborted, as the real one. */
const hanging: Fetch = (_, { signal }) =>
  new Promise((_, reject) =>
    signal!.addEventListener("abort", () => reject(signal!.reason), { once: true })
  );

async function refusalOf(rights: Promise<Rights>): Promise<[number, string]> {
  const { status, message } = await assertRejects(() => rights, HttpError);
  return [status, message];
}

Deno.test("a backend is asked with channels, action, address and four fields of the request, signed", async () => {
  const asked: [string, RequestInit][] = [];
  const { callback } = callbackOf((url, init) => {
    asked.push([url, init]);
    return Promise.resolve(Response.json({ r: ["room"] }));
  }, { secret: SECRET });
  const fields = {
    host: "push.test",
    cookie: "session=1; theme=dark",
    authorization: "Basic YTpi",
    origin: "https://app.test",
    "user-agent": "Mozilla/5.0",
    "x-forwarded-for": "198.51.100.1",
    "sec-websocket-key": "x",
    "x-secret": "y",
  };
  const rights = await callback.ask(requestOf(fields), "read", ["room", "other"]);
  assertEquals([rights.read("room"), rights.read("other"), rights.write("room")], [
    true,
    false,
    false,
  ]);
  const [[url, { method, body, headers, redirect }]] = asked as [[string, RequestInit]];
  assertEquals([url, method, redirect], [URL, "POST", "manual"]);
  const { cookie, authorization, origin, "user-agent": agent } = fields;
  assertEquals(JSON.parse(body as string), {
    channels: ["room", "other"],
    action: "read",
    address: "192.0.2.1",
    headers: { cookie, authorization, origin, "user-agent": agent },
  });
  const key = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(SECRET),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(body as string));
  assertEquals(headers, {
    "Content-Type": "application/json",
    "User-Agent": "kodama",
    "Kodama-Signature": `sha256=${new Uint8Array(mac).toHex()}`,
  });
});

const json = (value: unknown) => () => Response.json(value);
const failed = "failed";
const answers: [what: string, answer: () => Response, outcome: Outcome, why?: string][] = [
  ["all claims", json({ sub: "ann", info: { n: 1 }, r: ["*"], w: [], exp: 9e9 }), "allowed"],
  ["no claim", json({}), "allowed"],
  ["200 and more than is read", json({ info: "x".repeat(MAX_ANSWER) }), failed, "over 64 KiB"],
  ["200 without a body", () => new Response(), failed, "the answer is not JSON"],
  ["200 with a page", () => new Response("<html>"), failed, "the answer is not JSON"],
  ["200 with bytes", () => new Response(Uint8Array.of(0xff)), failed, "the answer is not JSON"],
  ["200 with a list", json([]), failed, "the answer is not an object"],
  ["200 with null", json(null), failed, "the answer is not an object"],
  ["200 with a text", json("ok"), failed, "the answer is not an object"],
  ["r that is a text", json({ r: "room" }), failed, "claim r is not a list of channel globs"],
  ["w of numbers", json({ w: [1] }), failed, "claim w is not a list of channel globs"],
  ["sub that is a number", json({ sub: 7 }), failed, "sub is not a text of 1 to 255"],
  ["info that is too long", json({ sub: "a", info: "x".repeat(1023) }), failed, "over 1024 bytes"],
  ["exp that is a text", json({ exp: "2030-01-01" }), failed, "exp is not a number"],
  ["exp that is null", json({ exp: null }), failed, "exp is not a number"],
  ["exp that has passed", json({ exp: inSeconds(-1) }), "refused"],
  ["401", () => new Response("who?", { status: 401 }), "refused"],
  ["403", () => new Response("no", { status: 403 }), "refused"],
  ["201", () => Response.json({}, { status: 201 }), failed, "the answer is 201"],
  ["204", () => new Response(null, { status: 204 }), failed, "the answer is 204"],
  ["302", () => Response.redirect("http://other.test"), failed, "the answer is 302"],
  ["404", () => new Response("", { status: 404 }), failed, "the answer is 404"],
  ["500", () => new Response("", { status: 500 }), failed, "the answer is 500"],
  [
    "nothing: it cannot be reached",
    () => {
      throw new TypeError("error sending request", { cause: new Error("Connection refused") });
    },
    failed,
    "Connection refused",
  ],
];
const statuses: Record<string, [number, string]> = {
  "exp that has passed": [401, "the session has expired"],
  "401": [401, "the backend does not know who this is"],
  "403": [403, "the backend does not allow this"],
};
for (const [what, answer, outcome, why] of answers) {
  Deno.test(`a backend's answer: ${what}: ${why ?? outcome}`, async () => {
    // deno-lint-ignore require-await
    const { callback, said, time, asking } = callbackOf(async () => answer());
    const rights = callback.ask(requestOf(), "read", ["room"]);
    if (outcome === "allowed") await rights;
    else {
      const cannot: [number, string] = [503, "who may do this cannot be asked now"];
      assertEquals(await refusalOf(rights), statuses[what] ?? cannot);
    }
    assertEquals(said.map(([outcome]) => outcome), [outcome]);
    if (why === undefined) assertEquals(said[0]![2], undefined);
    else assertStringIncludes(said[0]![2] ?? "", why);
    assertEquals([time.timers, asking()], [0, 0]);
  });
}

Deno.test("what a backend allows is what a token would, but nothing of an operator's", async () => {
  const claims = { sub: "ann", info: { n: 1 }, r: ["**"], w: ["**"], exp: 9e9 };
  const { callback } = callbackOf(() => Promise.resolve(Response.json(claims)));
  const rights = await callback.ask(requestOf(), "write", ["room"]);
  const { sub, info, expires, refusal } = rights;
  assertEquals({ sub, info, expires, refusal }, {
    ...{ sub: "ann", info: { n: 1 } },
    ...{ expires: 9e12, refusal: 403 },
  });
  for (const [name, allowed] of [["room", true], ["a/b", true], ["-/metrics", false]] as const) {
    assertEquals([rights.read(name), rights.write(name)], [allowed, allowed], name);
  }
});

Deno.test("nobody is asked about what is public, about what is an operator's, and who has a token", async () => {
  const asked: string[] = [];
  const { callback } = callbackOf((_, { body }) => {
    asked.push(JSON.parse(body as string).channels.join());
    return Promise.resolve(Response.json({ r: ["**"], w: ["**"] }));
  });
  const rows: [
    action: "read" | "write",
    channels: string[],
    fields: Record<string, string>,
    asked: boolean,
  ][] = [
    ["read", ["public/x"], {}, false],
    ["read", ["public/x", "public/y"], {}, false],
    ["read", ["public/x", "room"], {}, true],
    ["write", ["public/x"], {}, true],
    ["write", [], {}, true],
    ["read", ["-/metrics"], {}, false],
    ["write", ["-/connections"], {}, false],
    ["read", ["room"], { authorization: "Basic YTpi" }, true],
  ];
  for (const secret of ["", SECRET]) {
    const authorize = createAuthorize({ ...defaults, secret }, undefined, callback.ask);
    for (const [action, channels, fields, wanted] of rows) {
      asked.length = 0;
      const rights = await authorize(requestOf(fields), action, channels);
      assertEquals(asked, wanted ? [channels.join()] : [], `${action} ${channels}`);
      if (!wanted) assertEquals([rights.read("room"), rights.refusal], [false, 401]);
    }
    asked.length = 0;
    const token = authorize(requestOf({ authorization: "Bearer x" }), "read", ["room"]);
    // With a verifier it is a token, and a bad one; without one it is for the backend to say.
    if (secret === "") await token;
    else assertEquals(await refusalOf(token), [401, "the token is not valid"]);
    assertEquals(asked.length, secret === "" ? 1 : 0);
  }
});

Deno.test("a backend has 5 s to answer, not a ms more", async () => {
  for (const [ms, outcome] of [[PATIENCE - 1, "allowed"], [PATIENCE, "late"]] as const) {
    const { callback, time, said } = callbackOf((url, init) => {
      const { promise, resolve } = Promise.withResolvers<Response>();
      time.after(ms, () => resolve(Response.json({ r: ["room"] })));
      return Promise.race([promise, hanging(url, init)]);
    });
    const rights = callback.ask(requestOf(), "read", ["room"]);
    const settled = Promise.allSettled([rights]);
    await time.pass(ms);
    assertEquals((await settled)[0].status, outcome === "late" ? "rejected" : "fulfilled");
    const why = outcome === "late" ? "no answer within 5 s" : undefined;
    assertEquals(said, [[outcome, ms, why]]);
  }
});

Deno.test("where a connection ends without an answer it is asked once more, in what is left of the 5 s", async () => {
  for (const [fails, outcome] of [[1, "allowed"], [2, "failed"]] as const) {
    let asked = 0;
    const { callback, time, said } = callbackOf(async () => {
      await new Promise<void>((resolve) => time.after(2000, resolve));
      if (asked++ < fails) throw new TypeError("connection closed before message completed");
      return Response.json({});
    });
    const settled = Promise.allSettled([callback.ask(requestOf(), "read", ["room"])]);
    await time.pass(4000);
    await settled;
    assertEquals([asked, said[0]!.slice(0, 2)], [2, [outcome, 4000]]);
  }
  const { callback, time, said } = callbackOf(async (url, init) => {
    if (said.length === 0 && time.now() === 0) {
      await new Promise<void>((resolve) => time.after(PATIENCE - 1, resolve));
      throw new TypeError("connection closed");
    }
    return await hanging(url, init);
  });
  const refused = refusalOf(callback.ask(requestOf(), "read", ["room"]));
  await time.pass(PATIENCE);
  assertEquals([(await refused)[0], said[0]!.slice(0, 2)], [503, ["late", PATIENCE]]);
});

Deno.test("an answer that never ends is cut off after 5 s", async () => {
  let cancelled = false;
  const { callback, time } = callbackOf((_, { signal }) => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("{"));
        signal!.addEventListener("abort", () => {
          cancelled = true;
          controller.error(signal!.reason);
        });
      },
    });
    return Promise.resolve(new Response(body));
  });
  const refused = refusalOf(callback.ask(requestOf(), "read", ["room"]));
  await time.pass(PATIENCE);
  assertEquals([(await refused)[0], cancelled], [503, true]);
});

Deno.test("the same question is asked once at a time, and anew after its answer", async () => {
  const answers: ((response: Response) => void)[] = [];
  const { callback } = callbackOf(() => new Promise((resolve) => answers.push(resolve)));
  const ask = (cookie = "session=1", channel = "room") =>
    callback.ask(requestOf({ cookie }), "read", [channel]);
  const first = ask(), same = ask(), another = ask("session=2"), elsewhere = ask(undefined, "x");
  await settled();
  assertEquals(answers.length, 3);
  answers[0]!(Response.json({ sub: "ann" }));
  assertEquals([(await first).sub, (await same).sub], ["ann", "ann"]);
  answers[1]!(new Response(null, { status: 401 }));
  assertEquals((await refusalOf(another))[0], 401);
  answers[2]!(Response.json({}));
  await elsewhere;
  const again = ask();
  await settled();
  assertEquals(answers.length, 4);
  answers[3]!(new Response(null, { status: 403 }));
  assertEquals((await refusalOf(again))[0], 403);
});

Deno.test("so many questions are under way, so many wait, one more is 503 at once; a place that is left is given on", async () => {
  const answers: ((response: Response) => void)[] = [];
  for (const threads of [1, 4]) {
    answers.length = 0;
    const { callback, time, said, asking } = callbackOf(
      (url, init) => {
        const { promise, resolve } = Promise.withResolvers<Response>();
        answers.push(resolve);
        return Promise.race([promise, hanging(url, init)]);
      },
      { threads },
    );
    const most = MAX_ASKING / threads, waiting = MAX_WAITING / threads;
    const questions = Array.from({ length: most + waiting }, (_, i) => {
      return callback.ask(requestOf({ cookie: `session=${i}` }), "read", ["room"]);
    });
    const all = Promise.allSettled(questions);
    await settled();
    assertEquals([answers.length, asking()], [most, most + waiting]);
    const [status] = await refusalOf(callback.ask(requestOf({ cookie: "more" }), "read", ["room"]));
    assertEquals([status, said.at(-1)![0]], [503, "full"]);
    answers[0]!(Response.json({}));
    await questions[0];
    await settled();
    assertEquals(answers.length, most + 1);
    // Who has waited for 5 s in all is not asked about any more.
    await time.pass(PATIENCE);
    const results = (await all).map(({ status }) => status);
    assertEquals(results.filter((status) => status === "fulfilled").length, 1);
    assertEquals([asking(), time.timers], [0, 0]);
    // And the next finds a place.
    const next = callback.ask(requestOf(), "read", ["room"]);
    await settled();
    answers.at(-1)!(Response.json({}));
    await next;
  }
});

Deno.test("when it ends, those who wait are let go, and that is no fault of the backend's", async () => {
  const { callback, said, time, asking } = callbackOf(hanging);
  const questions = Array.from({ length: MAX_ASKING + 3 }, (_, i) => {
    return refusalOf(callback.ask(requestOf({ cookie: `session=${i}` }), "read", ["room"]));
  });
  await settled();
  callback.close();
  assertEquals((await Promise.all(questions)).map(([status]) => status), questions.map(() => 503));
  assertEquals(said.filter(([, , why]) => why !== undefined), []);
  assertEquals([asking(), time.timers], [0, 0]);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { optionNames } from "../lib/library/options.ts";
import { serve, type ServeOptions } from "../lib/mod.ts";

/** Serves as told, makes one connection or request, and gives what `console.error` was told meanwhile. */
async function toldOf(
  options: ServeOptions,
  use: (url: string) => Promise<unknown>,
): Promise<unknown[]> {
  const { error } = console;
  const told: unknown[] = [];
  console.error = (...what) => void told.push(...what);
  try {
    const server = serve({ port: 0, ...options });
    await use(server.url);
    await server.shutdown(1000);
  } finally {
    console.error = error;
  }
  return told;
}

/** Connects, sends, and gives the close code. */
function codeOf(url: string): Promise<number> {
  const client = new WebSocket(url);
  client.onopen = () => client.send("x");
  client.onerror = (event) => event.preventDefault();
  return new Promise((resolve) => client.onclose = ({ code }) => resolve(code));
}

const oops = new Error("oops");
const oopsAsync = () => Promise.reject(oops);
const oopsSync = () => {
  throw oops;
};

for (const handler of ["open", "message"]) {
  for (const [how, fault] of [["throws", oopsSync], ["rejects with", oopsAsync]] as const) {
    Deno.test(`what a handler of ${handler} ${how} is told to console.error, itself and once`, async () => {
      const told = await toldOf({ [handler]: fault }, async (url) => {
        assertEquals(await codeOf(url), 1011);
      });
      assertEquals(told.length, 1);
      assert(told[0] === oops);
    });
  }
}

Deno.test("a handler's error is told also where it says that some connection is gone", async () => {
  const gone = new Deno.errors.ConnectionReset("the database's, not the peer's");
  const request = () => Promise.reject(gone);
  const told = await toldOf({ request }, async (url) => {
    const answer = await fetch(url.replace("ws", "http"));
    assertEquals([answer.status, await answer.text()], [500, "internal error\n"]);
  });
  assertEquals(told, [gone]);
});

const begin = "request must return undefined or { status, headers?, body? }, and returned ";
for (
  const [reply, what] of [
    [new Response("hello"), "an object (Response)"],
    ["hello", 'the string "hello"'],
    [null, "null"],
    [true, "true"],
    [{}, "the status undefined: it must be an integer from 200 to 599"],
    [{ status: 199 }, "the status 199: it must be an integer from 200 to 599"],
    [{ status: 600 }, "the status 600: it must be an integer from 200 to 599"],
    [{ status: "200" }, 'the status the string "200": it must be an integer from 200 to 599'],
    [
      { status: 200, headers: { "content-type": "text/html" } },
      "as headers an object (Object): they must be a list of [name, value]",
    ],
    [
      { status: 200, headers: [["a", 1]] },
      "as headers an object (Array): they must be a list of [name, value]",
    ],
    [{ status: 200, body: 7 }, "as body 7: it must be a string or a Uint8Array"],
  ] as const
) {
  Deno.test(`request that returns ${what.split(":")[0]} is told so, and answered by 500`, async () => {
    // What plain JavaScript may do, TypeScript does not let through.
    const request = (() => reply) as unknown as NonNullable<ServeOptions["request"]>;
    const told = await toldOf({ request }, async (url) => {
      const answer = await fetch(url.replace("ws", "http"));
      assertEquals([answer.status, await answer.text()], [500, "internal error\n"]);
    });
    assertEquals(told.map(String), [`TypeError: ${begin}${what}`]);
  });
}

for (const status of [200, 599]) {
  Deno.test(`request may answer with ${status}`, async () => {
    const told = await toldOf({ request: () => ({ status }) }, async (url) => {
      const answer = await fetch(url.replace("ws", "http"));
      assertEquals([answer.status, await answer.text()], [status, ""]);
    });
    assertEquals(told, []);
  });
}

Deno.test("an error handler that fails is told to console.error, and ends nothing", async () => {
  const another = new Error("another");
  for (
    const error of [() => Promise.reject(another), () => {
      throw another;
    }]
  ) {
    const told = await toldOf({ message: oopsAsync, error }, async (url) => {
      assertEquals(await codeOf(url), 1011);
      assertEquals(await codeOf(url), 1011);
    });
    assertEquals(told, [oops, another, oops, another]);
  }
});

Deno.test("docs/library.md names every option of serve(), and no other", () => {
  const text = Deno.readTextFileSync(new URL("../docs/library.md", import.meta.url));
  const rows = text.split("## Every option")[1]!.split("##")[0]!.matchAll(/^\| (`.*?`) +\|/gm);
  const names = [...rows].flatMap(([, cell]) => cell!.split(", ").map((n) => n.replace(/`/g, "")));
  assertEquals(names.toSorted(), [...optionNames].sort());
});

for (
  const [options, error, says] of [
    [{ workers: 5 }, TypeError, 'serve() has no option "workers"'],
    [{ onMessage: oopsSync }, TypeError, 'serve() has no option "onMessage"'],
    [{ toString: oopsSync }, TypeError, 'serve() has no option "toString"'],
    [
      { maxMessage: "1MiB" },
      TypeError,
      'maxMessage must be a number, not the string "1MiB"',
    ],
    [{ maxMessage: 0 }, RangeError, "maxMessage must be 1 or more, not 0"],
    [{ pingInterval: NaN }, RangeError, "pingInterval must be 1 or more, not NaN"],
    [{ deflateThreshold: -1 }, RangeError, "deflateThreshold must be 0 or more, not -1"],
    [{ port: "0" }, TypeError, 'port must be a number, not the string "0"'],
    [{ hostname: 5 }, TypeError, "hostname must be a string, not 5"],
    [
      { protocols: "chat" },
      TypeError,
      'protocols must be a list of strings, not the string "chat"',
    ],
    [{ origins: [5] }, TypeError, "origins must be a list of strings, not an object (Array)"],
    [
      { deflate: "on" },
      TypeError,
      'deflate must be shared, takeover or off, not the string "on"',
    ],
    [{ message: "hello" }, TypeError, 'message must be a function, not the string "hello"'],
  ] as const
) {
  Deno.test(`serve() refuses ${Object.keys(options)[0]}: ${says}`, () => {
    assertThrows(() => serve({ port: 0, ...options } as ServeOptions), error, says);
  });
}

Deno.test("serve() takes each limit at its least, Infinity, and undefined for the default", async () => {
  const least = { maxMessage: 1, maxFragments: 1, deflateThreshold: 0, maxConnections: Infinity };
  const options = { ...least, maxBuffered: undefined, error: undefined } as unknown as ServeOptions;
  const message: ServeOptions["message"] = (socket, data) => socket.close(4000, String(data));
  assertEquals(
    await toldOf({ ...options, message }, async (url) => assertEquals(await codeOf(url), 4000)),
    [],
  );
});

/** What the types of `serve()` say: `deno check` is the test, and each line that must not pass says so. */
import { assert } from "@std/assert";
import { Heard, testServer } from "../tools/library.ts";
import { serve, type ServerSocket } from "../../lib/mod.ts";

/** Whether two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles where a socket's data is of a type, and of no other. */
function dataIs<Expected>(): <Data>(
  socket: ServerSocket<Data>,
  same: Same<Data, Expected>,
) => void {
  return () => {};
}

/** Never called: it only has to compile. */
export function compiles() {
  // A literal, whose request nobody has to give a type.
  serve({
    upgrade: (request) => ({ data: { user: request.headers.get("x-user") ?? "nobody" } }),
    open(socket) {
      dataIs<{ user: string }>()(socket, true);
      const { user } = socket.data;
      user.toUpperCase();
      socket.data = { user: "another" };
      // @ts-expect-error: it is a string
      socket.data.user = 5;
      // @ts-expect-error: there is none of that name
      socket.data.name;
    },
    message: (socket) => dataIs<{ user: string }>()(socket, true),
    drain: (socket) => dataIs<{ user: string }>()(socket, true),
    gap: (socket) => dataIs<{ user: string }>()(socket, true),
    close: (socket) => dataIs<{ user: string }>()(socket, true),
  });

  // As a method, asynchronous, that refuses some.
  serve({
    async upgrade(request) {
      const user = await Promise.resolve(request.headers.get("x-user"));
      if (user === null) return new Response(null, { status: 401 });
      return { data: { user }, headers: { "Set-Cookie": "a=b" } };
    },
    open: (socket) => dataIs<{ user: string }>()(socket, true),
  });

  // One that accepts some without data: they have none.
  serve({
    upgrade: (request) => request.url.endsWith("/a") ? { data: 1 } : undefined,
    open: (socket) => dataIs<number | undefined>()(socket, true),
  });

  // One that gives no data, or nothing at all.
  serve({
    upgrade: () => ({ protocol: "chat" }),
    open: (socket) => dataIs<undefined>()(socket, true),
  });
  serve({ upgrade() {}, open: (socket) => dataIs<undefined>()(socket, true) });
  serve({ open: (socket) => dataIs<undefined>()(socket, true) });

  // Where the request has a type, or there is none, the order does not matter.
  serve({
    open: (socket) => dataIs<number>()(socket, true),
    upgrade: (_: Request) => ({ data: 1 }),
  });
  serve({ open: (socket) => dataIs<number>()(socket, true), upgrade: () => ({ data: 1 }) });

  // What this test itself would not let pass.
  // @ts-expect-error: it is no string
  serve({ upgrade: () => ({ data: 1 }), open: (socket) => dataIs<string>()(socket, true) });
  // @ts-expect-error: nor anything
  serve({ upgrade: () => ({ data: 1 }), open: (socket) => dataIs<unknown>()(socket, true) });

  // A handler that stands elsewhere.
  const hello = (socket: ServerSocket<{ user: string }>) => socket.send(socket.data.user);
  serve({ upgrade: () => ({ data: { user: "ann" } }), open: hello });
  // @ts-expect-error: the data is another
  serve({ upgrade: () => ({ data: 5 }), open: hello });

  // @ts-expect-error: what is returned accepts nothing
  serve({ upgrade: () => 5 });
  // @ts-expect-error: nor does this, which has a slip in it
  serve({ upgrade: () => ({ dta: 5 }) });
  // @ts-expect-error: there is no such option
  serve({ prot: 5 });

  serve({
    message(socket, data) {
      // @ts-expect-error: it may be bytes
      data.toUpperCase();
      const said: number = socket.send(data, { compress: false });
      // @ts-expect-error: no answer is a boolean
      if (said === false) return;
      if (!socket.send("dropped")) return;
      // @ts-expect-error: what is internal is not there
      socket.sendFrame(data);
      // @ts-expect-error: nor is this
      socket.maxBuffered;
    },
  });
}

Deno.test("the types of what upgrade gives hold when it runs", async () => {
  await using server = testServer({
    upgrade: (request) => ({ data: { path: new URL(request.url).pathname } }),
    open: (socket) => void socket.send(socket.data.path.toUpperCase()),
  });
  await using heard = await Heard.open(server.url + "abc");
  assert(await heard.next() === "/ABC");
});

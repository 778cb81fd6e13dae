/** Unix sockets: files that outlive whoever made them. */
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ListenError } from "../../lib/net/conn.ts";
import { listenUnix } from "../../lib/net/unix.ts";

/** Runs a test in a folder of its own. */
function inFolder(test: (path: string) => Promise<void>) {
  return async () => {
    const folder = await Deno.makeTempDir();
    try {
      await test(`${folder}/socket`);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

async function refusal(path: string): Promise<string> {
  const error = await assertRejects(() => listenUnix(path), ListenError);
  assertEquals(error.message.split("\n").length, 1);
  return error.message;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

const ignore = Deno.build.os === "windows";

Deno.test({
  name: "listenUnix() makes a socket for owner and group, and removes it at the end",
  ignore,
  fn: inFolder(async (path) => {
    const listener = await listenUnix(path);
    assertEquals(Deno.lstatSync(path).mode! & 0o7777, 0o660);
    const [server, client] = await Promise.all([
      listener.accept(),
      Deno.connect({ transport: "unix", path }),
    ]);
    server.close();
    client.close();
    listener.close();
    assertEquals(exists(path), false);
  }),
});

Deno.test({
  name: "listenUnix() takes the place of one that nobody answers on, and of no other",
  ignore,
  fn: inFolder(async (path) => {
    // As it is left by a process that was killed: Deno removes what is there when it closes.
    const killed = Deno.listen({ transport: "unix", path });
    await Deno.rename(path, `${path}.left`);
    killed.close();
    await Deno.rename(`${path}.left`, path);
    assertEquals(exists(path), true);
    const listener = await listenUnix(path);
    assertMatch(await refusal(path), /socket: it is in use$/);
    listener.close();
    await Deno.writeTextFile(path, "precious");
    assertMatch(await refusal(path), /a file that is no socket$/);
    assertEquals(await Deno.readTextFile(path), "precious");
  }),
});

Deno.test({
  name: "listenUnix() takes a path of 107 bytes, and says so at 108",
  ignore,
  fn: inFolder(async (path) => {
    const longest = path.padEnd(107, "x");
    (await listenUnix(longest)).close();
    assertMatch(await refusal(longest + "x"), /longer than 107 bytes/);
    assertMatch(await refusal(`${path}/no/such`), /no such folder|Not a directory/);
  }),
});

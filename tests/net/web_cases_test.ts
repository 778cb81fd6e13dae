/** What bad requests get where a function of the web answers the good ones: the same as everywhere. */
import { assert, assertEquals } from "@std/assert";
import { chunked, cutBodies, framings } from "../cases/bodies.ts";
import type { Case, Table } from "../cases/case.ts";
import { headerFields, requestLines } from "../cases/heads.ts";
import { heads } from "../cases/limits.ts";
import { play } from "../cases/play.ts";
import { webServer } from "../tools/web.ts";

const tables: Table[] = [requestLines, headerFields, framings, chunked, cutBodies, heads];

/** Whether a case is refused for what it is, and not for where it goes. */
function isRefused([, , gets]: Case): boolean {
  return gets.length === 2 && /^(400|414|417|431|501|505)c /.test(gets[0]!) && gets[1] === "end";
}

for (const drip of [false, true]) {
  Deno.test(`webHandle() refuses what is no request${drip ? ", byte by byte" : ""}`, async () => {
    let asked = 0;
    await using server = webServer(async (request) => {
      asked++;
      await request.text();
      asked--;
      return new Response("ok");
    });
    const { port } = server.server.addr as Deno.NetAddr;
    const cases = tables.flatMap((table) => table.cases.filter(isRefused));
    assert(cases.length > 100, `only ${cases.length}`);
    const size = ([, does]: Case) =>
      [does].flat().reduce<number>((n, s) => n + String(s).length, 0);
    for (const one of cases.filter((each) => !drip || size(each) < 1000)) {
      const { gets } = await play(one, port, drip);
      assertEquals(gets, one[2], one[0]);
    }
    // What did not read the body to its end was told so, and none of it is a fault.
    assert(asked > 0);
    assertEquals(server.takeFaults(), []);
  });
}

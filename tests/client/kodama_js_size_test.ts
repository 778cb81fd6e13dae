import { assertLess } from "@std/assert";
import { minify } from "terser";

Deno.test("kodama.js is at most 3 KiB, minified and compressed", async () => {
  const source = Deno.readTextFileSync(new URL("../../static/kodama.js", import.meta.url));
  const { code } = await minify(source, { module: true });
  const small = new Response(code!).body!.pipeThrough(new CompressionStream("gzip"));
  const { byteLength } = await new Response(small).arrayBuffer();
  assertLess(byteLength, 3 * 1024 + 1);
});

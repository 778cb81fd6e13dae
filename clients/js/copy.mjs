// The package is what every server has at /-/assets/kodama.js, with its types and licence: before it is packed, they are
// put beside its package.json.
import { copyFileSync } from "node:fs";

const files = ["static/kodama.js", "static/kodama.d.ts", "LICENSE"];
for (const file of files) {
  const name = file.slice(file.lastIndexOf("/") + 1);
  copyFileSync(new URL(`../../${file}`, import.meta.url), new URL(name, import.meta.url));
}

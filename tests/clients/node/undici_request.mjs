/** https://undici.nodejs.org: `request` */
import { createRequire } from "node:module";
import { request } from "undici";
import { say, urls } from "./check.mjs";
import { pieces, publishChecks } from "./publish.mjs";

const [channel] = urls;

async function post(body, type) {
  const answer = await request(channel, { method: "POST", body, headers: { "Content-Type": type } });
  return { status: answer.statusCode, body: await answer.body.text() };
}

say(`version ${createRequire(import.meta.url)("undici/package.json").version}`);
await publishChecks({
  publish: post,
  publishChunked: (body) => post(pieces(body), "text/plain"),
  newest: async () => (await request(channel, { query: { limit: 1 } })).body.text(),
});

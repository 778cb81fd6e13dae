/** https://github.com/pusher/pusher-http-node */
import { createRequire } from "node:module";
import Pusher from "pusher";
import { check, equal, say, urls } from "./check.mjs";

say(`version ${createRequire(import.meta.url)("pusher/package.json").version}`);
const [url, channel, presence] = urls;
// Its own forURL() takes numbers for the names of apps alone.
const { username: key, password: secret, hostname: host, port, pathname } = new URL(url);
const options = { appId: pathname.split("/").at(-1), key, secret, host, port };
const client = new Pusher(options);

async function answer(promise) {
  return JSON.stringify(await (await promise).json());
}

await check("trigger", async () => {
  equal(await answer(client.trigger(channel, "one", { echo: "木霊" })), "{}");
});
await check("trigger to many", async () => {
  equal(await answer(client.trigger([channel, presence], "many", "text")), "{}");
});
await check("batch", async () => {
  const batch = Array.from({ length: 10 }, (_, i) => ({ channel, name: `batch ${i}`, data: [i] }));
  equal(await answer(client.triggerBatch(batch)), "{}");
});
await check("channels", async () => {
  const params = { filter_by_prefix: "presence-", info: "user_count" };
  const { channels } = await (await client.get({ path: "/channels", params })).json();
  equal(channels[presence]?.user_count, 1);
});
await check("channel", async () => {
  const params = { info: "user_count,subscription_count" };
  const got = await (await client.get({ path: `/channels/${presence}`, params })).json();
  equal(`${got.occupied} ${got.user_count} ${got.subscription_count}`, "true 1 1");
});
await check("users", async () => {
  const path = `/channels/${presence}/users`;
  equal(await answer(client.get({ path })), '{"users":[{"id":"watcher"}]}');
});
await check("another secret", async () => {
  const other = new Pusher({ ...options, secret: "another" });
  const error = await other.trigger(channel, "no", "").catch((error) => error);
  equal(error.status, 401);
});

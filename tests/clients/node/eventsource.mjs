/** https://github.com/EventSource/eventsource */
import { createRequire } from "node:module";
import { EventSource } from "eventsource";
import { check, contains, Inbox, PUBLISHED, say, urls } from "./check.mjs";

const [channel] = urls;

/** Subscribes. Without an id of its own to begin with, it goes on behind the last one that it had. */
function open(headers = {}) {
  const inbox = new Inbox();
  const source = new EventSource(channel, {
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, ...headers } }),
  });
  source.onmessage = (event) => inbox.put(event);
  source.onerror = (event) => inbox.put(new Error(event.message));
  return { source, inbox };
}

say(`version ${createRequire(import.meta.resolve("eventsource"))("../package.json").version}`);
let cursor;
const { source, inbox } = open();
await check("open", async () => {
  const { lastEventId, data } = await inbox.next();
  cursor = lastEventId;
  contains(data, '"gap":false');
});
await check("live", async () => {
  say("subscribed");
  contains((await inbox.next()).data, PUBLISHED);
});
source.close();

await check("resume", async () => {
  const { source, inbox } = open({ "Last-Event-ID": cursor });
  contains((await inbox.next()).data, '"gap":false');
  contains((await inbox.next()).data, PUBLISHED);
  source.close();
});

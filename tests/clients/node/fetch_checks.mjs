/** The checks of any `fetch` (https://fetch.spec.whatwg.org). */
import { pieces, publishChecks } from "./publish.mjs";

export async function fetchChecks(fetch, channel) {
  async function post(body, type) {
    const headers = { "Content-Type": type };
    // `duplex` is needed where a body is a stream.
    const answer = await fetch(channel, { method: "POST", body, headers, duplex: "half" });
    return { status: answer.status, body: await answer.text() };
  }
  await publishChecks({
    publish: post,
    publishChunked: (body) => post(ReadableStream.from(pieces(body)), "text/plain"),
    newest: async () => (await fetch(`${channel}?limit=1`)).text(),
  });
}

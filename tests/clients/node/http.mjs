/** https://nodejs.org/api/http.html */
import http from "node:http";
import { text } from "node:stream/consumers";
import { say, urls } from "./check.mjs";
import { publishChecks } from "./publish.mjs";

const [channel] = urls;
const agent = new http.Agent({ keepAlive: true });

/** Sends a request; `send` writes the body and ends it. */
function ask(url, options, send) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent, ...options }, async (response) => {
      resolve({ status: response.statusCode, body: await text(response) });
    });
    request.on("error", reject);
    send(request);
  });
}

function post(body, headers, send = (request) => request.end(body)) {
  return ask(channel, { method: "POST", headers }, send);
}

say(`version ${process.versions.node}`);
await publishChecks({
  publish: (body, type) => post(body, { "Content-Type": type }),
  // More than one write, and no Content-Length: chunked.
  publishChunked: (body) =>
    post(body, { "Content-Type": "text/plain" }, (request) => {
      request.write(body.slice(0, 10_000));
      request.end(body.slice(10_000));
    }),
  publishExpecting: (body) =>
    post(body, { "Content-Type": "text/plain", Expect: "100-continue" }, (request) => {
      request.on("continue", () => request.end(body));
      request.flushHeaders();
    }),
  newest: async () => (await ask(`${channel}?limit=1`, {}, (request) => request.end())).body,
});
process.exit();

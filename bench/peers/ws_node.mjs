/**
 * `ws` on Node: echo at `/-/echo`; at other paths whatever is posted goes to all. Its arguments: the folder that has `ws`,
 * and where it is to speak TLS the files of a certificate and its key.
 */
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createRequire } from "node:module";
import process from "node:process";

const { WebSocketServer } = createRequire(process.argv[2] + "/")("ws");
const sockets = new WebSocketServer({ noServer: true, clientTracking: false });
const clients = new Set();

const [cert, key] = process.argv.slice(3).map((path) => readFileSync(path));
const server = cert === undefined ? http.createServer() : https.createServer({ cert, key });
server.on("request", (request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    for (const client of clients) client.send(body, { binary: false });
    response.end("ok");
  });
});
server.on("upgrade", (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (client) => {
    client.on("error", () => {});
    if (request.url === "/-/echo") {
      client.on("message", (data, binary) => client.send(data, { binary }));
    } else {
      clients.add(client);
      client.on("close", () => clients.delete(client));
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(`on :${server.address().port}/`));

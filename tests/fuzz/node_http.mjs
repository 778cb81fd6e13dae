/**
 * What Node's HTTP server takes bytes for. On stdin: a length of four bytes, big-endian, and so many bytes, again and again.
 * On stdout, for each: a line of JSON with the requests and why it ended.
 */
import { createServer } from "node:http";
import { Duplex } from "node:stream";

const server = createServer({ insecureHTTPParser: false, maxHeaderSize: 64 * 1024 });
server.requestTimeout =
  server.headersTimeout =
  server.keepAliveTimeout =
  server.timeout =
    0;
// What is understood is told; what is expected or asked for is not ours to judge here.
for (const event of ["request", "checkContinue", "checkExpectation"]) {
  server.on(event, (request, response) => request.socket.told.take(request, response));
}
server.on("clientError", (error, socket) => {
  // What was understood before is still to be told.
  socket.told.end = error.code ?? error.message;
});

class Told {
  requests = [];
  end = "more";
  /** Tells one request, once all of it is there. */
  take(request, response) {
    const { method, url, httpVersionMinor, rawHeaders } = request;
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const headers = [];
      for (let i = 0; i < rawHeaders.length; i += 2) headers.push(rawHeaders.slice(i, i + 2));
      const body = Buffer.concat(parts).toString("latin1");
      this.requests.push({ method, target: url, minor: httpVersionMinor, headers, body });
      response.end();
    });
    request.on("error", () => {});
    response.on("error", () => {});
  }
}

function read(bytes) {
  return new Promise((resolve) => {
    const told = new Told();
    const socket = new Duplex({
      allowHalfOpen: true,
      read() {},
      write: (_chunk, _encoding, done) => done(),
      final: (done) => done(),
    });
    socket.told = told;
    for (const name of ["setTimeout", "setNoDelay", "setKeepAlive", "ref", "unref"]) {
      socket[name] = () => socket;
    }
    socket.on("error", () => {});
    const ended = () => setImmediate(() => resolve(told));
    socket.on("close", ended);
    server.emit("connection", socket);
    socket.push(bytes);
    // Replies are written, and what waits behind them is read, in turns of their own.
    let turns = 6;
    const next = () => {
      if (socket.destroyed) return;
      if (turns-- > 0) setImmediate(next);
      else socket.destroy();
    };
    next();
  });
}

let waiting = Buffer.alloc(0);
for await (const chunk of process.stdin) {
  waiting = Buffer.concat([waiting, chunk]);
  const lines = [];
  while (waiting.length >= 4) {
    const size = waiting.readUInt32BE();
    if (waiting.length < 4 + size) break;
    lines.push(JSON.stringify(await read(waiting.subarray(4, 4 + size))));
    waiting = waiting.subarray(4 + size);
  }
  if (lines.length > 0) process.stdout.write(lines.join("\n") + "\n");
}

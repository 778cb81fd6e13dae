/** Reads whatever comes and answers the same bytes: what nothing on `Deno.listen` can undercut. */
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`on :${listener.addr.port}/`);

const body = '{"id":"1f0c9f3a.1000000","subscribers":0}\n';
const fields = [
  "Content-Type: application/json",
  "Date: Tue, 24 Nov 2026 20:00:00 GMT",
  `Content-Length: ${body.length}`,
];
const answer = new TextEncoder().encode(`HTTP/1.1 200 OK\r\n${fields.join("\r\n")}\r\n\r\n${body}`);

async function serve(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay();
  const buffer = new Uint8Array(1024);
  while (await conn.read(buffer) !== null) await conn.write(answer);
}

for await (const conn of listener) serve(conn).catch(() => {});

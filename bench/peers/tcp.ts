/** A bare TCP echo: what no WebSocket server on Deno can undercut with the same reads and writes. */
const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
console.log(`on :${listener.addr.port}/`);

async function echo(conn: Deno.TcpConn): Promise<void> {
  conn.setNoDelay();
  const buffer = new Uint8Array(64 * 1024);
  for (;;) {
    const count = await conn.read(buffer);
    if (count === null) return conn.close();
    for (let at = 0; at < count;) {
      at += await conn.write(
        at === 0 && count === buffer.length ? buffer : buffer.subarray(at, count),
      );
    }
  }
}

for await (const conn of listener) echo(conn).catch(() => {});

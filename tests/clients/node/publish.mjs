/** The checks of those that publish over HTTP. */
import { binary, check, contains, equal, skip, text } from "./check.mjs";

/** A body in pieces, whose length nobody knows. */
export async function* pieces(body) {
  for (let at = 0; at < body.length; at += 10_000) yield Buffer.from(body.slice(at, at + 10_000));
}

/**
 * @param client `publish(body, type)` and `publishChunked(body)` answer `{ status, body }`, `newest()` a body, and
 * `publishExpecting(body)`, where there is one, asks before it sends.
 */
export async function publishChecks(client) {
  async function taken({ status, body }, remembered) {
    if (status !== 200) throw new Error(`answered ${status} ${body}`);
    contains(body, '"id"');
    contains(await client.newest(), remembered);
  }
  for (const size of [0, 125, 65536, 1_000_000]) {
    await check(`publish ${size}`, async () => {
      await taken(await client.publish(text(size), "text/plain"), `"data":"${text(size)}"`);
    });
  }
  await check("publish binary", async () => {
    const answer = await client.publish(binary(65536), "application/octet-stream");
    await taken(answer, `"base64":"${binary(65536).toString("base64")}"`);
  });
  await check("publish chunked", async () => {
    await taken(await client.publishChunked(text(100_000)), `"data":"${text(100_000)}"`);
  });
  if (client.publishExpecting === undefined) skip("expect", "does not ask before it sends");
  else {
    await check("expect", async () => {
      await taken(await client.publishExpecting(text(2048)), `"data":"${text(2048)}"`);
    });
  }
  await check("too large", async () => {
    equal((await client.publish(text(1_048_577), "text/plain")).status, 413);
  });
}

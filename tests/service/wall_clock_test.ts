/**
 * A machine whose clock is set while the service runs: deadlines, ages and keys go by what elapses.
 * Only what names a date, as the end of a token does, goes by the date.
 */
import { assertEquals } from "@std/assert";
import { ask, post, Subscriber } from "../tools/channels.ts";
import { testService } from "../tools/service.ts";

const DAY = 86_400_000, { now } = Date;

for (const jump of [DAY, -DAY]) {
  Deno.test(`where the clock jumps by ${jump / DAY} day, who is there stays, and what is remembered is`, async () => {
    await using service = await testService(
      ...["--ping-interval", "200ms", "--ping-timeout", "5s", "--handshake-timeout", "20s"],
    );
    using subscriber = await Subscriber.open(service, "/jump?since=all");
    const { open } = await subscriber.json();
    const keyed = () => ask(service, "POST /jump", { "Idempotency-Key": "one" }, "before");
    const first = await keyed();
    assertEquals((await subscriber.json()).data, "before");
    try {
      Date.now = () => now() + jump;
      // Two pings: deadlines are looked at meanwhile, and what is old is dropped.
      for (let i = 0; i < 2; i++) {
        const ping = await subscriber.client.next();
        assertEquals(ping?.first, 0x89);
        await subscriber.client.send(0x8a, ping!.payload);
      }
      assertEquals((await keyed()).body, first.body);
      await post(service, "jump", "after");
      let frame = await subscriber.client.next();
      for (; frame?.first === 0x89; frame = await subscriber.client.next()) {
        await subscriber.client.send(0x8a, frame.payload);
      }
      assertEquals(JSON.parse(new TextDecoder().decode(frame!.payload)).data, "after");
      const { gap, messages } = JSON.parse((await ask(service, `GET /jump?since=${open}`)).body);
      const data = messages.map((message: { data: string }) => message.data);
      assertEquals([gap, data], [false, ["before", "after"]]);
    } finally {
      Date.now = now;
    }
  });
}

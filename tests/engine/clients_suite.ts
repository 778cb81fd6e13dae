/**
 * What an engine keeps to that many talk to at once: one order for all, whole receipts, and keys that count for everybody.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Engine } from "../../lib/hub/engine.ts";
import type { RemoteEngine } from "../../lib/engine/remote.ts";
import { type CreateEngine, draft, listen } from "../../lib/testing/engine_suite.ts";
import { Hosted } from "./hosted.ts";

const CLIENTS = 5, EACH = 60;

async function withClients(
  create: CreateEngine,
  run: (clients: RemoteEngine[], engine: Engine) => Promise<void>,
): Promise<void> {
  await using test = await create();
  await using hosted = await Hosted.begin(test.engine);
  await run(Array.from({ length: CLIENTS }, () => hosted.client()), test.engine);
}

/** Tests an engine with many clients. */
export function clientsSuite(name: string, create: CreateEngine): void {
  Deno.test(`${name} tells many clients the same messages in the same order, before their publishes resolve`, () =>
    withClients(create, async (clients) => {
      const heard = clients.map((client) => {
        const ids: string[] = [];
        listen(client, (message) => ids.push(message.id));
        return ids;
      });
      // What each is told of begins once the engine knows that it wants it.
      await Promise.all(clients.map((client) => client.history([], undefined)));
      const publish = async (client: RemoteEngine, at: number) => {
        for (let i = 0; i < EACH; i++) {
          const { id } = await client.publish(draft("abc"[i % 3]!, `${at} ${i}`), 0);
          assertEquals(heard[at]!.includes(id), true);
        }
      };
      await Promise.all(clients.map(publish));
      await Promise.all(clients.map((client) => client.history([], undefined)));
      const numbers = heard[0]!.map((id) => Number(id.split(".")[1]));
      assertEquals(numbers, Array.from({ length: CLIENTS * EACH }, (_, i) => numbers[0]! + i));
      for (const ids of heard) assertEquals(ids, heard[0]);
    }));

  Deno.test(`${name} counts the subscribers of all clients, and those of one that has gone no more`, () =>
    withClients(create, async (clients) => {
      for (const [i, client] of clients.entries()) client.interest("a", i + 1);
      clients[0]!.interest("b", 7);
      await Promise.all(clients.map((client) => client.history([], undefined)));
      assertEquals((await clients[1]!.publish(draft("a"), 99)).subscribers, 15);
      const byName = async () =>
        (await clients[1]!.channels()).map(({ name, subscribers }) => `${name} ${subscribers}`)
          .sort();
      assertEquals(await byName(), ["a 15", "b 7"]);
      clients[0]!.interest("b", 0);
      clients[2]!.interest("a", 0);
      await Promise.all(clients.map((client) => client.history([], undefined)));
      assertEquals(await byName(), ["a 12"]);
    }));

  Deno.test(`${name} publishes once where many clients come with one key at once`, () =>
    withClients(create, async (clients) => {
      const receipts = await Promise.all(
        clients.flatMap((client) => [1, 2, 3].map(() => client.publish(draft("a"), 0, "key"))),
      );
      assertEquals(new Set(receipts.map((r) => r.id)).size, 1);
      assertEquals(receipts.filter((r) => !r.replayed).length, 1);
    }));

  Deno.test(`${name} tells a client only of channels that it has subscribers for, each message once`, () =>
    withClients(create, async ([one, two, publisher]) => {
      const heard: string[] = [];
      const hear = (who: string) => ({
        message: ({ channel }: { channel: string }) => void heard.push(`${who} ${channel}`),
        lost: () => {},
        reachable: () => {},
      });
      one!.listen(hear("one"));
      two!.listen(hear("two"));
      one!.interest("a", 3);
      two!.interest("a", 1);
      two!.interest("b", 1);
      await Promise.all([one, two].map((client) => client!.history([], undefined)));
      for (const channel of ["a", "b", "c"]) await publisher!.publish(draft(channel), 0);
      await Promise.all([one, two].map((client) => client!.history([], undefined)));
      assertEquals(heard.sort(), ["one a", "two a", "two b"]);
    }));
}

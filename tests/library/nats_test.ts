/** Programs on several machines, with a stream of NATS between them. */
import { assert, assertEquals } from "@std/assert";
import { EngineError } from "../../lib/mod.ts";
import { Heard, Once, testServer } from "../tools/library.ts";
import { natsServers, natsTest, soon } from "../tools/nats.ts";

natsTest(
  "what one program publishes the sockets of another hear, also once NATS is back",
  async () => {
    await using nats = await natsServers(1);
    const { engine } = nats, told: string[] = [];
    const joined = new Once();
    await using one = testServer({ engine, error: (error) => told.push(String(error)) });
    await using other = testServer({
      engine,
      error: () => {},
      async open(socket) {
        await socket.subscribe("a", { envelope: true });
        joined.come();
      },
    });
    await using heard = await Heard.open(other.url);
    const next = async () => JSON.parse(String(await heard.next()));
    assertEquals((await next()).channels, ["a"]);
    await joined.value;
    const { id } = await one.publish("a", 1);
    assertEquals(await next(), { id, ch: "a", data: 1 });

    await nats.servers[0]!.kill();
    await soon("refused", async () => {
      const error = await one.publish("a", "lost").catch((error) => error);
      return error instanceof EngineError && !error.uncertain;
    });
    assert(told.some((text) => text.startsWith("Error: publishes are refused")), told.join());
    await nats.servers[0]!.start();
    let last = "";
    await soon("taken again", async () => {
      const receipt = await one.publish("a", "back", { key: "once" }).catch(() => undefined);
      last = receipt?.id ?? "";
      return receipt !== undefined;
    });
    let message = await next();
    while (message.data !== "back") message = await next();
    assertEquals(message.id, last);
  },
);

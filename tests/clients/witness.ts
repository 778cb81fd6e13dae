/**
 * Whoever is told what a server's library of Pusher triggers: a client of the app, connected to Kodama itself.
 * @module
 */
import { RawPusher } from "../tools/pusher.ts";
import { APP } from "./ways.ts";

/** What programs trigger: on which channel, what it is called, and its data as it is sent. */
const EXPECTED: readonly [channel: string, event: string, data: unknown][] = [
  ["clients", "one", { echo: "木霊" }],
  ["clients", "many", "text"],
  ["presence", "many", "text"],
  ...Array.from(
    { length: 10 },
    (_, i) => ["clients", `batch ${i}`, [i]] as [string, string, unknown],
  ),
];

/** It. */
export class Witness implements Disposable {
  readonly #client: RawPusher;
  readonly #id: string;

  private constructor(client: RawPusher, id: string) {
    this.#client = client;
    this.#id = id;
  }

  /** Subscribes to the channels of a run. */
  static async open(port: number, id: string): Promise<Witness> {
    const client = await RawPusher.open({ port }, APP);
    await client.subscribe(`clients-${id}`);
    await client.subscribe(`presence-${id}`, '{"user_id":"watcher"}');
    return new Witness(client, id);
  }

  /** What is not as it should be of what has come. */
  async fault(): Promise<string | undefined> {
    // What is answered now comes behind all that was triggered.
    await this.#client.say("pusher:ping", {});
    const came: unknown[] = [];
    for (let said = await this.#client.next(); said.event !== "pusher:pong";) {
      came.push([said.channel.replace(`-${this.#id}`, ""), said.event, said.data]);
      said = await this.#client.next();
    }
    const expected = JSON.stringify(EXPECTED), got = JSON.stringify(came);
    return got === expected ? undefined : `triggered ${got}`;
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

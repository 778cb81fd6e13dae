/**
 * Who is there, while people come and go in every way and nodes are killed: what each watcher was told must add up to who is
 * connected.
 * @module
 */
import { assertEquals } from "@std/assert";
import { ask, EventStream, type RequestFields, Subscriber } from "../tools/channels.ts";
import { soon } from "../tools/nats.ts";
import { sign } from "../tools/tokens.ts";
import { Random } from "./random.ts";

/** A place to connect to: a service, or one node. */
export interface Place {
  port: number;
}

/** A run. */
export interface PresenceOptions {
  seed: number;
  /** Where people connect to. */
  places: Place[];
  /** How much happens. */
  steps: number;
  /** Ends some place at once, in the midst, and gives which. */
  kill?: () => Promise<Place>;
}

/** What happened. */
export interface PresenceResult {
  joined: number;
  left: number;
  lists: number;
  told: number;
}

const CHANNEL = "room", SUBS = 12;

/** A person's connection. */
interface Person {
  place: Place;
  sub: string | undefined;
  end: () => void;
}

/** Somebody who is told who is there, and adds it up. */
class Watcher {
  readonly members = new Set<string>();
  readonly wrong: string[] = [];
  lists = 0;
  told = 0;
  readonly ended: Promise<void>;
  readonly #socket: WebSocket;

  private constructor(readonly place: Place, token: string) {
    const url = `ws://127.0.0.1:${place.port}/${CHANNEL}?presence`;
    const socket = this.#socket = new WebSocket(url, ["kodama.v1", `kodama.token.${token}`]);
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    // A node that is killed.
    socket.onerror = (event) => event.preventDefault();
    this.ended = new Promise((resolve) => socket.onclose = () => resolve());
  }

  static async open(place: Place): Promise<Watcher> {
    const watcher = new Watcher(place, await sign({ r: ["**"] }));
    await new Promise((resolve) => watcher.#socket.onopen = resolve);
    return watcher;
  }

  close(): void {
    this.#socket.close();
  }

  // deno-lint-ignore no-explicit-any
  #take({ presence, members, join = [], leave = [] }: any): void {
    this.told++;
    if (presence !== undefined) {
      this.lists++;
      this.members.clear();
    }
    for (const { sub } of [members ?? join].flat()) {
      if (this.members.has(sub)) this.wrong.push(`${sub} joins twice`);
      this.members.add(sub);
    }
    for (const { sub } of [leave].flat()) {
      if (!this.members.delete(sub)) this.wrong.push(`${sub} leaves twice`);
    }
  }
}

async function as(sub?: string): Promise<RequestFields> {
  const token = await sign({ r: ["**"], ...sub !== undefined && { sub } });
  return { Authorization: `Bearer ${token}` };
}

async function connect(place: Place, sub: string | undefined, random: Random): Promise<Person> {
  const fields = await as(sub);
  const way = random.pick(["raw", "envelope", "events", "watching"]);
  if (way === "events") {
    const stream = await EventStream.open(place, `/${CHANNEL}`, fields);
    return { place, sub, end: () => stream[Symbol.dispose]() };
  }
  const query = { raw: "", envelope: "?since=all", watching: "?presence" }[way]!;
  const socket = await Subscriber.open(place, `/${CHANNEL}${query}`, fields);
  const polite = random.chance(0.5);
  return {
    place,
    sub,
    end() {
      // Or cut off, in the midst of whatever it is told.
      if (polite) socket.client.send(0x88, new Uint8Array([3, 232])).catch(() => {});
      socket[Symbol.dispose]();
    },
  };
}

/** Plays a run. */
export async function runPresence(options: PresenceOptions): Promise<PresenceResult> {
  const { seed, steps, kill } = options;
  const random = new Random(seed);
  let places = options.places;
  let people: Person[] = [],
    watchers = await Promise.all(
      [...places, ...places].map((place) => Watcher.open(place)),
    );
  const result: PresenceResult = { joined: 0, left: 0, lists: 0, told: 0 };
  for (let step = 0; step < steps; step++) {
    if (kill !== undefined && step === steps >> 1) {
      const gone = await kill();
      places = places.filter((place) => place !== gone);
      for (const person of people) if (person.place === gone) person.end();
      people = people.filter((person) => person.place !== gone);
      for (const watcher of watchers) if (watcher.place === gone) await watcher.ended;
      watchers = watchers.filter((watcher) => watcher.place !== gone);
    }
    const count = random.magnitude(20);
    if (people.length > 40 || random.chance(0.4)) {
      for (const person of people.splice(random.between(0, people.length), count)) {
        person.end();
        result.left++;
      }
    } else {
      const coming = Array.from({ length: count }, () => {
        const sub = random.chance(0.1) ? undefined : `m${random.between(1, SUBS)}`;
        return connect(random.pick(places), sub, random.fork());
      });
      people.push(...await Promise.all(coming));
      result.joined += count;
    }
    if (random.chance(0.1)) {
      const place = random.pick(places);
      watchers.push(await Watcher.open(place));
    }
  }
  const counts = new Map<string, number>();
  for (const { sub } of people) {
    if (sub !== undefined) counts.set(sub, (counts.get(sub) ?? 0) + 1);
  }
  const expected = [...counts.keys()].sort();
  try {
    await soon("a right list", () => {
      for (const { members } of watchers) assertEquals([...members].sort(), expected);
      return Promise.resolve(true);
    }, 30_000);
    for (const place of places) {
      const { body } = await ask(place, `GET /${CHANNEL}?presence`, await as());
      const { connections, members } = JSON.parse(body);
      assertEquals(connections, people.length + watchers.length);
      const told = members.map((m: { sub: string; connections: number }) => [m.sub, m.connections]);
      assertEquals(told.sort(), [...counts].sort());
    }
    for (const { wrong } of watchers) assertEquals(wrong, []);
  } finally {
    for (const watcher of watchers) {
      result.lists += watcher.lists;
      result.told += watcher.told;
      watcher.close();
      await watcher.ended;
    }
    for (const person of people) person.end();
  }
  return result;
}

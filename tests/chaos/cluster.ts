/**
 * One run over two nodes and three servers of NATS: nodes, servers and what is between them fail, and afterwards everybody
 * is asked.
 * @module
 */
import { ask } from "../tools/channels.ts";
import { administer, type NatsServer, type NatsServers, natsServers, soon } from "../tools/nats.ts";
import { within } from "../tools/raw.ts";
import { Ledger } from "./ledger.ts";
import { Node } from "./node.ts";
import { Random } from "./random.ts";
import { Wanderer } from "./wanderer.ts";

/** What can happen. */
export const FAULTS = ["leader", "node", "between", "server", "stream"] as const;
/** One of them. */
export type Fault = typeof FAULTS[number];

/** What a run is made of. */
export interface ClusterOptions {
  /** Decides who does what, but not when. */
  seed: number;
  /** What happens, one after the other. */
  faults: readonly Fault[];
  /** How many subscribe. */
  subscribers: number;
  /** For all of it, in ms. */
  deadline: number;
}

/** What came of it. */
export interface ClusterResult {
  acknowledged: number;
  /** Answers that were not. */
  refused: number;
  /** Of those, the uncertain. */
  uncertain: number;
  delivered: number;
  sessions: number;
  gaps: number;
}

const CHANNELS = Array.from({ length: 6 }, (_, i) => `chaos/${i}`);
const PUBLISHERS = 16;

/** So many faults at random; the stream is deleted once at most. */
export function someFaults(count: number, seed: number): Fault[] {
  const random = new Random(seed);
  const faults = Array.from({ length: count }, () => random.pick(FAULTS.slice(0, -1)));
  if (count > 4) faults[random.between(1, count - 2)] = "stream";
  return faults;
}

/** What is running. */
interface Cluster {
  nats: NatsServers;
  nodes: Node[];
  random: Random;
}

/**
 * Runs it.
 * @throws {Error} If anybody was told anything else than they must have been; it names the seed.
 */
export async function runCluster(options: ClusterOptions): Promise<ClusterResult> {
  try {
    return await within(options.deadline, "the run", run(options));
  } catch (error) {
    throw new Error(`seed ${options.seed}, faults ${options.faults}`, { cause: error });
  }
}

async function run({ seed, faults, subscribers }: ClusterOptions): Promise<ClusterResult> {
  const random = new Random(seed);
  await using nats = await natsServers(3);
  await using one = new Node(nats);
  await using other = new Node(nats);
  const nodes = [one, other], ports = nodes.map(({ port }) => port);
  await Promise.all(nodes.map((node) => node.start()));
  await Promise.all(nodes.map((node) => node.ready()));
  const ledger = new Ledger(), count = { n: 0, acknowledged: 0, refused: 0, uncertain: 0 };
  let over = false;
  const wanderers = Array.from(
    { length: subscribers },
    () => new Wanderer(random.some(CHANNELS), random.fork()),
  );
  const wandering = Promise.all(wanderers.map((each) => each.run(ports)));
  // Whoever fails first says why, even while faults are made.
  wandering.catch(() => over = true);
  const publish = async (channel: string, last: boolean, luck: Random) => {
    const n = count.n++;
    const body = JSON.stringify({ n, ...last && { last } });
    const fields = { "Content-Type": "application/json", "Idempotency-Key": `${seed}-${n}` };
    for (;;) {
      const port = luck.pick(ports);
      const answer = await ask({ port }, `POST /${channel}`, fields, body).catch(() => undefined);
      if (answer?.status === 200) {
        ledger.acknowledge(JSON.parse(answer.body).id, channel, n);
        count.acknowledged++;
        return;
      }
      count.refused++;
      if (answer?.body.startsWith("uncertain")) count.uncertain++;
      if (answer !== undefined && answer.status !== 503) throw new Error(`${answer.status}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const publishing = Promise.all(Array.from({ length: PUBLISHERS }, async () => {
    const luck = random.fork();
    while (!over) await publish(luck.pick(CHANNELS), false, luck);
  }));
  for (const fault of faults) {
    if (over) break;
    await makeFault(fault, { nats, nodes, random });
    await Promise.all(nodes.map((node) => node.ready()));
    await new Promise((resolve) => setTimeout(resolve, random.between(200, 1000)));
  }
  over = true;
  await Promise.race([publishing, wandering.then(() => publishing)]);
  for (const each of wanderers) each.calm = true;
  for (const channel of CHANNELS) await publish(channel, true, random);
  await wandering;
  // Both nodes remember the same, and all of it.
  const histories = await Promise.all(ports.map(async (port) => {
    const reader = new Wanderer(CHANNELS, random.fork());
    reader.calm = true;
    await reader.readAll(port);
    return reader;
  }));
  for (const each of [...wanderers, ...histories]) ledger.witness(each);
  const [ids, otherIds] = histories.map(({ events }) =>
    events.flatMap((event) => event.what === "message" ? [event.id] : [])
  );
  if (String(ids) !== String(otherIds)) throw new Error("the nodes do not remember the same");
  const [life] = ids!.at(-1)!.split("."), remembered = new Set(ids);
  for (const id of ledger.acknowledged(life!)) {
    if (!remembered.has(id)) throw new Error(`${id} was acknowledged, and is not remembered`);
  }
  const lives = 1 + faults.filter((fault) => fault === "stream").length;
  if (ledger.lives.size > lives) {
    throw new Error(`${[...ledger.lives]} are more than ${lives} lives`);
  }
  let gaps = 0, delivered = 0, sessions = 0;
  for (const each of wanderers) {
    gaps += ledger.check(each);
    delivered += each.events.filter(({ what }) => what === "message").length;
    sessions += each.sessions;
  }
  const { acknowledged, refused, uncertain } = count;
  return { acknowledged, refused, uncertain, delivered, sessions, gaps };
}

async function makeFault(fault: Fault, { nats, nodes, random }: Cluster): Promise<void> {
  const pause = (least: number, most: number) =>
    new Promise((resolve) => setTimeout(resolve, random.between(least, most)));
  const fail = async (server: NatsServer) => {
    await server.kill();
    await pause(0, 2000);
    await server.start();
    await whole(nats);
  };
  switch (fault) {
    case "node": {
      const node = random.pick(nodes);
      await node.kill();
      await pause(0, 500);
      return await node.start();
    }
    case "between": {
      const node = random.pick(nodes);
      node.hold();
      await pause(100, 6000);
      return node.release();
    }
    case "leader": {
      const leader = await leaderOf(nats);
      return await fail(nats.servers.find(({ name }) => name === leader)!);
    }
    case "server":
      return await fail(random.pick(nats.servers));
    case "stream":
      await administer(nats.engine, (jsm) => jsm.streams.delete("kodama"));
  }
}

async function leaderOf(nats: NatsServers): Promise<string> {
  return await administer(
    nats.engine,
    async (jsm) => (await jsm.streams.info("kodama")).cluster!.leader!,
  );
}

/** Waits until each server has what the others have: two of three that are behind would be one too many. */
async function whole(nats: NatsServers): Promise<void> {
  await soon("whole cluster", () =>
    administer(nats.engine, async (jsm) => {
      const { cluster } = await jsm.streams.info("kodama");
      const replicas = cluster?.replicas ?? [];
      return replicas.length === 2 && replicas.every(({ current, offline }) => current && !offline);
    }), 60_000);
}

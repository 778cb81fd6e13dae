/**
 * What the log in NATS costs this process, beside the client that it is made of, each in CPU a message:
 * `deno run -A bench/nats.ts [SECONDS]`. It needs a `nats-server`, on the path or named by `NATS_SERVER`.
 *
 * The client alone is the floor: a publish that is acknowledged, and a consumer that counts what comes. A publish by the
 * log has followed its own message as well before it is done.
 * @module
 */
import process from "node:process";
import { connect } from "@nats-io/transport-node";
import { jetstream } from "@nats-io/jetstream";
import { NatsLog } from "../lib/engine/nats/log.ts";
import type { LogRecord } from "../lib/engine/log.ts";
import { natsServer, natsServers } from "../tests/tools/nats.ts";

if (natsServer === undefined) throw new Error("no nats-server is found; see NATS_SERVER");
const SUBJECT = "k.btc";
const body = new Uint8Array(100).fill(0x61);
const record: LogRecord = { channel: "btc", kind: "text", body, subscribers: 1, key: undefined };

/** CPU of this process for a count of messages, in µs each. */
async function cost(run: () => Promise<number>): Promise<number> {
  const before = process.cpuUsage();
  const count = await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

/** Publishes for some time, with so many under way; gives how many were acknowledged. */
async function publish(
  append: () => Promise<unknown>,
  underWay: number,
  seconds: number,
): Promise<number> {
  const end = performance.now() + 1000 * seconds;
  let count = 0;
  const one = async () => {
    for (; performance.now() < end; count++) await append();
  };
  await Promise.all(Array.from({ length: underWay }, one));
  return count;
}

/** Another process that publishes at a rate, as another node would. */
function publisher(servers: string, rate: number, seconds: number): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.url, "--publish", servers, `${rate}`, `${seconds}`],
    stdin: "null",
  }).spawn();
}

async function publishAt(servers: string, rate: number, seconds: number): Promise<void> {
  const nc = await connect({ servers });
  const began = performance.now();
  for (let sent = 0; sent < rate * seconds;) {
    const due = Math.min(rate * seconds, rate * (performance.now() - began) / 1000);
    for (; sent < due; sent++) nc.publish(SUBJECT, body);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await nc.drain();
}

/** Something that follows the stream: it tells of each message, and ends. */
type Follow = (servers: string, message: () => void) => Promise<() => Promise<void>>;

async function followAlone(servers: string, message: () => void): Promise<() => Promise<void>> {
  const nc = await connect({ servers });
  const consumer = await jetstream(nc).consumers.get("kodama");
  const messages = await consumer.consume({ callback: message });
  return async () => {
    await messages.close();
    await nc.close();
  };
}

async function openLog(engine: string, message: () => void = () => {}): Promise<NatsLog> {
  const keep = { historyAge: 3_600_000, historyBytes: 1 << 30 };
  const log = new NatsLog({ engine, creds: "", stream: "kodama", replicas: 1, ...keep });
  const nowhere = { seq: 0, time: 0 };
  await new Promise<void>((resolve) =>
    log.follow({
      entry: message,
      lost(_reason, state) {
        for (const _entry of state?.entries ?? []) message();
      },
      reachable: (why) => why === undefined && resolve(),
      newest: () => nowhere,
      forgotten: () => nowhere,
    })
  );
  return log;
}

async function followByLog(engine: string, message: () => void): Promise<() => Promise<void>> {
  const log = await openLog(engine, message);
  return () => log.close();
}

/** What it costs to follow a count of messages, in µs each. */
function following(
  follow: Follow,
  servers: string,
  count: number,
  during = () => {},
): Promise<number> {
  return cost(async () => {
    const all = Promise.withResolvers<void>();
    let seen = 0;
    const end = await follow(servers, () => {
      if (++seen === count) all.resolve();
    });
    during();
    await all.promise;
    await end();
    return count;
  });
}

async function main(seconds: number): Promise<void> {
  const rows: string[] = [];
  const row = (what: string, alone: number, log: number) =>
    rows.push(`| ${what} | ${alone.toFixed(1)} µs | ${log.toFixed(1)} µs |`);
  for (const underWay of [1, 16, 128]) {
    await using nats = await natsServers(1);
    const log = await openLog(nats.engine), nc = await connect({ servers: nats.servers[0]!.url });
    const js = jetstream(nc);
    const alone = () => js.publish(SUBJECT, body), ours = () => log.append(record);
    for (const append of [alone, ours]) await publish(append, underWay, 0.5);
    // In the order A B B A, since both grow quicker as they run.
    const [a, b, c, d] = [
      await cost(() => publish(alone, underWay, seconds)),
      await cost(() => publish(ours, underWay, seconds)),
      await cost(() => publish(ours, underWay, seconds)),
      await cost(() => publish(alone, underWay, seconds)),
    ];
    row(`publish, ${underWay} under way`, (a + d) / 2, (b + c) / 2);
    await log.close();
    await nc.close();
  }
  const count = 100_000;
  for (const rate of [1000, 5000, 20_000]) {
    const figures: number[] = [];
    for (const follow of [followAlone, followByLog]) {
      await using nats = await natsServers(1);
      const servers = nats.servers[0]!.url;
      // The stream is made by the log.
      await (await openLog(servers)).close();
      const messages = Math.round(rate * seconds);
      let child: Deno.ChildProcess | undefined;
      figures.push(
        await following(follow, servers, messages, () => {
          child = publisher(servers, rate, seconds);
        }),
      );
      await child?.status;
    }
    row(`follow ${rate} a second`, figures[0]!, figures[1]!);
  }
  {
    await using nats = await natsServers(1);
    const servers = nats.servers[0]!.url;
    await (await openLog(servers)).close();
    await publisher(servers, 20_000, count / 20_000).status;
    const alone = await following(followAlone, servers, count);
    row("read 100,000 at a start", alone, await following(followByLog, servers, count));
  }
  console.log(
    `${Deno.osRelease()}, ${navigator.hardwareConcurrency} cores, ${seconds} s each\n\n` +
      `| CPU a message | the client alone | the log |\n| --- | --- | --- |\n${rows.join("\n")}`,
  );
}

const [role, servers = "", rate, seconds] = Deno.args;
if (role === "--publish") await publishAt(servers, Number(rate), Number(seconds));
else await main(Number(role ?? 4));

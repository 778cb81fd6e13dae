/**
 * What is said and counted of hooks, what backends are told of what happens, and by whom.
 */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { GATHER, KEEP, MAX_WAITING } from "../../lib/backend/queue.ts";
import type { PeerListener } from "../../lib/hub/bus.ts";
import type { Change, Told, Watch } from "../../lib/hub/presence.ts";
import { ownCounters, Tally } from "../../lib/service/tally.ts";
import { eventsOf, kodamaEndpoint, START, Webhooks } from "../../lib/service/webhooks.ts";
import { parseCommand } from "../../lib/settings/command.ts";
import { ConfigError } from "../../lib/settings/setting.ts";
import { TestLog } from "../tools/service.ts";
import { TestTime } from "../tools/test_time.ts";
import { SECRET } from "../tools/tokens.ts";

const where = "https://backend.test:8443";

/** The other ends. */
function othersOf(leads = true, peers: string[] = []) {
  const listeners: PeerListener[] = [];
  return {
    bus: { leads, peers, watch: (listener: PeerListener) => void listeners.push(listener) },
    gone: (origin: string) => listeners.forEach((listener) => listener.gone(origin)),
  };
}

/** Who is there, as a test says; on one channel somebody has been before. */
class Scripted {
  settled = 0;
  stopped = 0;
  #told: Told = () => {};

  watchAll(told: Told): Watch<Change> {
    this.#told = told;
    const there = [{ channel: "before", join: [], leave: [], occupied: true }];
    return {
      ready: Promise.resolve(),
      begin: (listed) => listed(there),
      list: () => there,
      stop: () => void this.stopped++,
    };
  }

  change(channel: string, occupied: boolean): void {
    this.#told({ channel, join: [], leave: [], occupied });
  }

  settle(): void {
    this.settled++;
  }
}

/** Hooks over a scripted fetch. */
function hooksOf(secret = "", { bus } = othersOf()) {
  const time = new TestTime(), log = new TestLog(), { row } = ownCounters();
  const told = { status: 200, requests: [] as RequestInit[] };
  const presence = new Scripted();
  const webhooks = new Webhooks({
    ...{ log, row, time, bus, presence },
    fetch(_, init) {
      told.requests.push(init);
      return Promise.resolve(new Response(null, { status: told.status }));
    },
  });
  const queue = webhooks.add(kodamaEndpoint(`${where}/secret?key=secret`, { secret }));
  const said = () =>
    log.lines.splice(0).map(({ message, fields }) => `${message}: ${Object.values(fields)}`);
  const counts = () => [
    ...row.slice(Tally.hookEvents, Tally.hookEvents + 2),
    ...row.slice(Tally.hookPosts, Tally.hookPosts + 2),
    row[Tally.hookWaiting],
  ];
  return { webhooks, queue, time, told, said, counts, presence };
}

Deno.test("the body is what is signed, as OpenSSL does it", async () => {
  for (const secret of [SECRET, ""]) {
    const { queue, time, told } = hooksOf(secret);
    queue.tell({ event: "join", channel: "rooms/1", sub: "änn", time: 1 });
    queue.tell({ event: "vacated", channel: "rooms/2", time: 2 });
    await time.pass(GATHER);
    const [{ body, headers }] = told.requests as [RequestInit];
    assertEquals(
      body,
      '{"events":[{"event":"join","channel":"rooms/1","sub":"änn","time":1},' +
        '{"event":"vacated","channel":"rooms/2","time":2}]}',
    );
    const signed = (headers as Record<string, string>)["Kodama-Signature"];
    if (secret === "") assertEquals(signed, undefined);
    else assertEquals(signed, `sha256=${await openssl(secret, body as string)}`);
  }
});

/** The HMAC of a text, by OpenSSL. */
async function openssl(secret: string, text: string): Promise<string> {
  const child = new Deno.Command("openssl", {
    args: ["dgst", "-sha256", "-hmac", secret, "-r"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await new Blob([text]).stream().pipeTo(child.stdin);
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout).slice(0, 64);
}

Deno.test("that a backend does not take events is said once, and that it takes them again; where it is, not its path", async () => {
  const { queue, time, told, said, counts } = hooksOf();
  queue.tell({ n: 1 });
  await time.pass(GATHER);
  assertEquals([said(), counts()], [[], [1, 0, 1, 0, 0]]);
  told.status = 503;
  queue.tell({ n: 2 });
  await time.pass(GATHER + 3000);
  assertEquals(said(), [`the hook does not take events: ${where},the answer is 503`]);
  assertEquals(counts(), [1, 0, 1, 3, 1]);
  told.status = 200;
  await time.pass(4000);
  assertEquals(said(), [`the hook takes events again: ${where}`]);
  assertEquals(counts(), [2, 0, 2, 3, 0]);
});

Deno.test("what is lost is counted and said at once, then every 10 s, and at the end", async () => {
  const { webhooks, queue, time, told, said, counts } = hooksOf();
  told.status = 500;
  const lost = "events for the hook are lost";
  for (let n = 0; n < MAX_WAITING + 3; n++) queue.tell({ n });
  assertEquals(said(), [`${lost}: ${where},1,too many wait`]);
  await time.pass(10_000);
  assertEquals(said().at(-1), `${lost}: ${where},2,too many wait`);
  await time.pass(KEEP);
  const after = said();
  assertEquals(after.length, 1);
  assertMatch(after[0]!, /: \S+,10000,not taken for 5 minutes$/);
  assertEquals([counts()[1], counts()[4]], [MAX_WAITING + 3, 0]);
  await time.pass(10_000);
  queue.tell({ n: -1 });
  const closed = webhooks.end(0);
  await time.pass(999);
  assertEquals(said(), []);
  await time.pass(1);
  await closed;
  assertEquals(said(), [`${lost}: ${where},1,shut down`]);
  assertEquals([counts()[4], time.timers], [0, 0]);
});

const changes: [change: Omit<Change, "channel">, events: string[]][] = [
  [{ join: [], leave: [], occupied: true }, ["occupied"]],
  [
    { join: [{ sub: "ann", info: { n: 1 } }, { sub: "bob" }], leave: [], occupied: true },
    ["occupied", "join ann", "join bob"],
  ],
  [{ join: [{ sub: "bob" }], leave: ["ann"] }, ["join bob", "leave ann"]],
  [{ join: [], leave: ["ann", "bob"], occupied: false }, ["leave ann", "leave bob", "vacated"]],
  [{ join: [], leave: [], occupied: false }, ["vacated"]],
];
Deno.test("who comes comes behind occupied, and who goes before vacated", () => {
  for (const [change, wanted] of changes) {
    const events = [...eventsOf({ channel: "rooms/1", ...change }, 7)];
    const said = events.map(({ event, sub }) => sub === undefined ? event : `${event} ${sub}`);
    assertEquals(said, wanted);
    for (const { channel, time, info } of events) {
      assertEquals([channel, time, info], ["rooms/1", 7, undefined]);
    }
  }
});

Deno.test("only the end that leads tells, what there is as it begins as well", async () => {
  for (const leads of [true, false]) {
    const others = othersOf(leads), told: string[] = [];
    const { webhooks, presence, time } = hooksOf("", others);
    webhooks.follow(({ channel, occupied }) => told.push(`${channel} ${occupied}`));
    // Until it has heard of the others, if there are any.
    await time.pass(START - 1);
    assertEquals(told, []);
    await time.pass(1);
    presence.change("now", true);
    assertEquals(told, leads ? ["before true", "now true"] : []);
    // Who led is gone.
    others.bus.leads = true;
    presence.change("before", false);
    assertEquals(told.at(-1), "before false");
    await webhooks.end(0);
    assertEquals(presence.stopped, 1);
  }
});

Deno.test("at the end the last of all tells at once who is gone, and nobody else", async () => {
  const rows: [
    what: string,
    leads: boolean,
    peers: string[],
    patience: number,
    waits: number,
    settles: boolean,
  ][] = [
    ["the only one", true, [], 5000, 0, true],
    ["one that leads, and others end as well", true, ["b"], 0, 499, true],
    ["the same, with more time for it", true, ["b"], 5000, 1999, true],
    ["one that leads, and others go on", true, ["b"], 0, 500, false],
    ["the same, with more time", true, ["b"], 5000, 2000, false],
    ["one that does not lead", false, ["b"], 5000, 0, false],
  ];
  for (const [what, leads, peers, patience, waits, settles] of rows) {
    const others = othersOf(leads, peers);
    const { webhooks, presence, time } = hooksOf("", others);
    webhooks.follow(() => {});
    const ended = webhooks.end(patience);
    await time.pass(waits);
    if (settles && waits > 0) {
      assertEquals(presence.settled, 0, what);
      others.bus.peers.pop();
      others.gone("b");
    }
    await ended;
    assertEquals([presence.settled, time.timers], [settles ? 1 : 0, 0], what);
  }
});

Deno.test("--hook is one or more http or https URLs", () => {
  const hookOf = (args: string[], env?: string) => {
    const command = parseCommand(args, (name) => name === "KODAMA_HOOK" ? env : undefined);
    return command.run === "serve" ? command.config.hook : undefined;
  };
  const a = "http://127.0.0.1:3000/a,b", b = "https://backend.test/b";
  assertEquals(hookOf([]), []);
  assertEquals(hookOf(["--hook", a, `--hook=${b}`]), [a, b]);
  assertEquals(hookOf([], `${a} ${b}\n`), [a, b]);
  for (const wrong of ["backend.test/secret", "ftp://secret", `${a} secret`, "http://"]) {
    const { message } = assertThrows(() => hookOf(["--hook", wrong]), ConfigError);
    assertMatch(
      message,
      /^--hook must be an http or https URL, or APP_ID=URL, or several with spaces/,
    );
  }
});

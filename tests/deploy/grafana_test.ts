/**
 * The dashboard: that it can be imported, asks for nothing that is not there, and leaves nothing out.
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { ask, EventStream, post, Subscriber } from "../tools/channels.ts";
import { metrics } from "../../lib/service/metrics.ts";
import { type Scrape, scraped } from "../tools/scrape.ts";
import { natsServers, natsTest, soon } from "../tools/nats.ts";
import { testService } from "../tools/service.ts";
import { go } from "../tools/way.ts";

interface Target {
  refId: string;
  datasource: { type: string; uid: string };
  expr: string;
  legendFormat: string;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  gridPos: { h: number; w: number; x: number; y: number };
  targets?: Target[];
}

interface Variable {
  name: string;
  type: string;
  query: string | { query: string };
}

const dashboard: {
  id: null;
  uid: string;
  title: string;
  schemaVersion: number;
  panels: Panel[];
  templating: { list: Variable[] };
} = JSON.parse(await Deno.readTextFile(new URL("../../deploy/grafana.json", import.meta.url)));

const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ title, ...target }))
);

/** What Prometheus adds to what it scrapes. */
const ADDED = ["job", "instance"];

/** The series that an expression asks for, each with the labels that it names there. */
function selectors(expr: string): { name: string; labels: string[] }[] {
  const found = expr.matchAll(/\b((?:kodama|process)_[a-z_]+)(?:\{([^}]*)\})?/g);
  return [...found].map(([, name, inner = ""]) => ({
    name: name!,
    labels: [...inner.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map((label) => label[1]!),
  }));
}

/** The labels that an expression sorts by, or shows in its legend. */
function grouped({ expr, legendFormat }: Target): string[] {
  const by = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/, */));
  return [...by, ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map((label) => label[1]!)];
}

/** A scrape of a server that has done a bit of everything. */
async function busy(...flags: string[]): Promise<Scrape> {
  await using service = await testService("--drain", "50ms", ...flags);
  // An engine elsewhere takes its time.
  await soon("readiness", async () => (await ask(service, "GET /-/ready")).status === 200);
  using one = await Subscriber.open(service, "/btc");
  using _two = await EventStream.open(service, "/btc");
  await post(service, "btc", "x");
  await one.text();
  await one.say("y");
  await ask(service, "GET /btc?since=x");
  using broken = await Subscriber.open(service, "/-/echo");
  await broken.client.raw.send(Uint8Array.of(0xf1, 0x80, 0, 0, 0, 0));
  await broken.closed();
  return await scraped(service, (s) => s.value("kodama_received_messages_total") === 1);
}

Deno.test("the dashboard can be imported: ids and places are its own, and the data source is chosen", () => {
  assertEquals([dashboard.id, dashboard.title], [null, "Kodama"]);
  assertGreater(dashboard.schemaVersion, 35);
  const { list } = dashboard.templating;
  assertEquals(list[0], {
    ...list[0],
    name: "datasource",
    type: "datasource",
    query: "prometheus",
  });
  assertEquals(new Set(dashboard.panels.map(({ id }) => id)).size, dashboard.panels.length);
  const taken = new Set<string>();
  for (const { title, gridPos: { h, w, x, y } } of dashboard.panels) {
    assert(x + w <= 24, title);
    for (let i = 0; i < w * h; i++) {
      const cell = `${x + i % w} ${y + Math.floor(i / w)}`;
      assert(!taken.has(cell), `${title} is over another`);
      taken.add(cell);
    }
  }
  assertGreater(queries.length, 20);
  for (const { title, datasource, expr } of queries) {
    assertEquals(datasource, { type: "prometheus", uid: "${datasource}" }, title);
    // Each asks for what was chosen above.
    for (const { name, labels } of selectors(expr)) {
      assert(ADDED.every((label) => labels.includes(label)), `${title}: ${name}`);
    }
  }
});

/** Whether what a query asks for is there with NATS only. */
function isOfNats({ expr }: Target): boolean {
  return selectors(expr).some(({ name }) => name.startsWith("kodama_nats_"));
}

/** Looks whether some queries ask for series and labels that a scrape has. */
function checkQueries({ samples }: Scrape, queries: readonly (Target & { title: string })[]): void {
  const labelsOf = new Map<string, Set<string>>();
  for (const { name, labels } of samples) {
    labelsOf.set(name, new Set([...labelsOf.get(name) ?? ADDED, ...Object.keys(labels)]));
  }
  for (const query of queries) {
    const found = selectors(query.expr);
    assertGreater(found.length, 0, query.title);
    for (const { name, labels } of found) {
      const known = labelsOf.get(name);
      assert(known !== undefined, `${query.title}: there is no ${name}`);
      const strange = [...labels, ...grouped(query)].filter((label) => !known.has(label));
      assertEquals(strange, [], `${query.title}: ${name}`);
    }
  }
  for (const { name, query } of dashboard.templating.list) {
    if (typeof query === "string") continue;
    const [, series, label] = /^label_values\((\w+)(?:\{.*\})?, (\w+)\)$/.exec(query.query)!;
    assert(labelsOf.get(series!)?.has(label!), name);
  }
}

Deno.test("every query asks for series and labels that a scrape has", () =>
  go(true, async () => {
    checkQueries(await busy(), queries.filter((query) => !isOfNats(query)));
  }));

natsTest("every query about NATS asks for series and labels that a scrape has", async () => {
  await using nats = await natsServers(1);
  checkQueries(await busy("--engine", nats.engine), queries.filter(isOfNats));
});

Deno.test("every number of the table is on the dashboard", () => {
  const shown = new Set(queries.flatMap(({ expr }) => selectors(expr).map(({ name }) => name)));
  const missing = metrics.filter(({ name, type }) =>
    !shown.has(type === "histogram" ? `${name}_bucket` : name)
  );
  assertEquals(missing.map(({ name }) => name), []);
});

const promtool = await new Deno.Command("promtool", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: "Prometheus understands every query (needs Debian's prometheus)",
  ignore: !promtool,
  async fn() {
    const rules = queries.map(({ expr }, i) => ({
      record: `query:${i}`,
      expr: expr.replaceAll("$__rate_interval", "1m").replace(/\$(job|instance)/g, ".*"),
    }));
    const file = await Deno.makeTempFile({ suffix: ".json" });
    try {
      // JSON is YAML.
      await Deno.writeTextFile(file, JSON.stringify({ groups: [{ name: "queries", rules }] }));
      const { code, stdout, stderr } = await new Deno.Command("promtool", {
        args: ["check", "rules", file],
      }).output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assertEquals(code, 0, said);
      assert(said.includes(`${rules.length} rules found`), said);
    } finally {
      await Deno.remove(file);
    }
  },
});

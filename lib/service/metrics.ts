/**
 * What an operator watches, in Prometheus's text format: one table of all there is. Numbers are counted elsewhere; they are
 * read when somebody asks.
 * @module
 */
import { outcomes } from "../auth/callback.ts";
import { reasons } from "../http/error.ts";
import { closeCodes, Count, LATE } from "../net/counts.ts";
import { counted, from, histogram, type Metric, nats, some, type Source, value } from "./metric.ts";
import { ASKING, DELIVERY, results, Tally } from "./tally.ts";

export type { Metric, Sample, Source } from "./metric.ts";

const tls = ["no", "yes"], via = ["http", "websocket"];
/** Kinds of connections, each with where it is counted. */
const kinds = {
  http: Count.open,
  sse: Tally.sse,
  raw: Tally.raw,
  envelope: Tally.envelope,
  ticker: Tally.ticker,
  echo: Tally.echo,
  tap: Tally.tap,
  pusher: Tally.pusher,
};

/** Everything that is measured. */
export const metrics: readonly Metric[] = [
  {
    name: "kodama_info",
    help: "What serves; always 1",
    type: "gauge",
    labels: { version: [], engine: ["memory", "sqlite", "nats"], workers: [] },
    read: ({ about }) => [{ labels: about, value: 1 }],
  },
  counted(
    "gauge",
    "kodama_connections",
    "Open connections",
    Object.values(kinds).flatMap((place) => from(place, tls.length)),
    { kind: Object.keys(kinds), tls },
  ),
  counted(
    "counter",
    "kodama_accepted_total",
    "Connections accepted",
    from(Count.accepted, tls.length),
    { tls },
  ),
  counted(
    "counter",
    "kodama_refused_total",
    "Requests refused: WebSocket handshakes, and others",
    from(Count.refused, 2 * reasons.length),
    { request: ["handshake", "http"], reason: reasons },
  ),
  counted(
    "counter",
    "kodama_tls_failed_total",
    "Connections that were to be encrypted, and have not become so",
    [Count.unencrypted],
  ),
  {
    name: "kodama_certificate_expiry_timestamp_seconds",
    help: "When the certificate that is used is good no more, since 1970",
    type: "gauge",
    labels: {},
    when: "TLS",
    read: ({ counts }) => some(counts[Tally.expires] || undefined),
  },
  counted(
    "counter",
    "kodama_closes_total",
    "WebSockets ended, by the code of whoever closed first; 1005: without one, 1006: without a close frame",
    from(Count.closes, closeCodes.length),
    { code: closeCodes },
  ),
  counted(
    "counter",
    "kodama_slow_consumers_total",
    "Connections ended for reading too slowly, by the limit that they met",
    [...from(Count.slow, 3), Tally.slow],
    { limit: ["max-buffered", "write-timeout", "max-buffered-total", "catching-up"] },
  ),
  counted(
    "gauge",
    "kodama_queue_bytes",
    "What waits to be written to all connections, at most 0.1 s ago",
    [Count.queued],
  ),
  counted(
    "gauge",
    "kodama_queue_memory_bytes",
    "Memory that is held by it, as --max-buffered-total counts it: what many wait for counts once",
    [Count.held],
  ),
  counted("counter", "kodama_received_messages_total", "WebSocket messages received", [
    Count.messagesIn,
  ]),
  counted("counter", "kodama_sent_messages_total", "WebSocket messages sent", [Count.messagesOut]),
  counted("counter", "kodama_received_bytes_total", "Bytes read from connections", [Count.bytesIn]),
  counted("counter", "kodama_sent_bytes_total", "Bytes written to connections", [Count.bytesOut]),
  counted(
    "counter",
    "kodama_publishes_total",
    "Publishes that came here, also each line of a batch, by what became of them",
    from(Tally.publishes, via.length * results.length),
    { via, result: results },
  ),
  counted("counter", "kodama_delivered_total", "Messages handed to subscribers", [Tally.delivered]),
  histogram(
    "kodama_delivery_seconds",
    "From when a publish has come whole to when the last write to a subscriber has begun, in the thread that took it",
    Tally.delivery,
    DELIVERY,
  ),
  value("gauge", "kodama_channels", "Channels with subscribers", (s) => s.engine.channels ?? 0),
  value(
    "counter",
    "kodama_engine_messages_total",
    "Messages that the engine has taken",
    (s) => s.engine.published,
  ),
  value(
    "gauge",
    "kodama_history_messages",
    "Messages that channels remember",
    (s) => s.engine.remembered,
  ),
  value("gauge", "kodama_history_bytes", "The same in bytes", (s) => s.engine.bytes),
  nats(
    "gauge",
    "kodama_nats_round_trip_seconds",
    "How long it took to ask NATS for the state of the stream, last time",
    (s) => s.roundTrip / 1000,
  ),
  nats(
    "gauge",
    "kodama_nats_behind",
    "Messages of the stream in NATS that had not come here, last time",
    (s) => s.behind,
  ),
  nats(
    "counter",
    "kodama_nats_reconnects_total",
    "Connections to NATS after the first",
    (s) => s.reconnects,
  ),
  nats(
    "counter",
    "kodama_nats_followed_anew_total",
    "Times that the stream in NATS did not come any more, and was followed anew",
    (s) => s.anew,
  ),
  counted(
    "gauge",
    "kodama_presence_members",
    "Members on the channels on which somebody is told who is there, in each thread",
    [Tally.members],
  ),
  value("gauge", "kodama_bus_peers", "Threads and nodes that this thread hears of", (s) => s.peers),
  counted(
    "counter",
    "kodama_bus_missed_total",
    "How often something was missed that another thread or node said; it is asked for again",
    [Tally.missed],
  ),
  value("gauge", "kodama_engine_up", "Whether publishes are taken", (s) => s.reachable ? 1 : 0),
  counted("counter", "kodama_engine_outages_total", "How often publishes began to be refused", [
    Tally.outages,
  ]),
  counted(
    "counter",
    "kodama_thread_faults_total",
    "Threads that have ended by a fault, and were started again",
    [Tally.threadsEnded, Tally.enginesEnded],
    { thread: ["worker", "engine"] },
  ),
  counted(
    "counter",
    "kodama_authorize_total",
    "Questions to the backend of --authorize, by what became of them",
    from(Tally.asked, outcomes.length),
    { outcome: outcomes },
  ),
  counted("gauge", "kodama_authorize_pending", "Those that are not answered yet", [Tally.asking]),
  histogram(
    "kodama_authorize_seconds",
    "How long they took, from when somebody came",
    Tally.askingTook,
    ASKING,
  ),
  counted(
    "counter",
    "kodama_hook_events_total",
    "Events for the backends of --hook: those that were taken, and those that are lost",
    from(Tally.hookEvents, 2),
    { result: ["taken", "dropped"] },
  ),
  counted(
    "counter",
    "kodama_hook_requests_total",
    "Requests to them; one that fails is sent again",
    from(Tally.hookPosts, 2),
    { result: ["taken", "failed"] },
  ),
  counted("gauge", "kodama_hook_waiting", "Events that wait to be taken", [Tally.hookWaiting]),
  histogram(
    "kodama_event_loop_delay_seconds",
    "How late a timer fires, looked at ten times a second in each thread",
    Count.late,
    LATE,
  ),
  value("gauge", "process_resident_memory_bytes", "Memory of the process", (s) => s.memory),
  value("counter", "process_cpu_seconds_total", "CPU time of the process", (s) => s.cpu),
  value(
    "gauge",
    "process_start_time_seconds",
    "When the process began, since 1970",
    (s) => s.began,
  ),
];

/** The media type of what {@linkcode metricsText} writes. */
export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** Writes down everything that is measured (Prometheus, text-based format 0.0.4). */
export function metricsText(source: Source): string {
  return metrics.map((metric) => {
    const { name, help, type } = metric, read = metric.read(source);
    if (read.length === 0) return "";
    const samples = read.map(({ metricName = name, labels, value }) => {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
      const set = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
      return `${metricName}${set} ${value === Infinity ? "+Inf" : value}\n`;
    });
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.join("")}`;
  }).join("");
}

/** A label's value: "backslash, double-quote, and line feed have to be escaped". */
function escaped(text: string): string {
  return text.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n");
}

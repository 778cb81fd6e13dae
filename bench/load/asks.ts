/**
 * Publishes that are acknowledged, one after the other on each of many kept connections: over HTTP (RFC 9112, 9.3) to
 * Kodama, as `XADD` in Redis's own protocol (RESP) to Redis. As soon as one is answered, the next one is sent.
 * @module
 */
import { letters } from "./frames.ts";
import { meter, Times, type Usage } from "./meter.ts";
import { Swarm } from "./swarm.ts";

/** What to publish. */
export interface AskLoad {
  /** The server's port and process. */
  port: number;
  pid: number;
  /** What it speaks. */
  protocol: "http" | "redis";
  /** How many connections. */
  connections: number;
  /** Channels, or streams, to which messages go in turn. */
  channels: number;
  /** Body of a message, in bytes. */
  size: number;
  /** Seconds before measuring, and of measuring. */
  warm: number;
  seconds: number;
}

/** What came of it. */
export interface AskResult extends Usage {
  /** Publishes that were acknowledged. */
  taken: number;
  /** Publishes that were refused. */
  refused: number;
  /** From sending to the acknowledgement, in ms: half and 99 % took no longer. */
  p50: number;
  p99: number;
}

/** How a publish is asked, and what is an answer. */
interface Protocol {
  request(channel: string, body: Uint8Array, port: number): [head: string, tail: string];
  /** Whether it was taken; `undefined`: the answer is not complete. */
  answer(text: string): boolean | undefined;
}

const PROTOCOLS: Record<AskLoad["protocol"], Protocol> = {
  http: {
    request: (channel, body, port) => [
      `POST /${channel} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${body.length}\r\n\r\n`,
      "",
    ],
    answer(text) {
      const head = text.indexOf("\r\n\r\n");
      if (head < 0) return undefined;
      const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
      return text.length < head + 4 + length ? undefined : text.startsWith("HTTP/1.1 200 ");
    },
  },
  redis: {
    // As many as Kodama remembers of a channel, and as exactly.
    request(channel, body) {
      const words = ["XADD", channel, "MAXLEN", "=", "100", "*", "body"];
      const all = words.map((word) => `$${word.length}\r\n${word}\r\n`).join("");
      return [`*${words.length + 1}\r\n${all}$${body.length}\r\n`, "\r\n"];
    },
    answer(text) {
      if (!text.endsWith("\r\n")) return undefined;
      if (!text.startsWith("$")) return false;
      return text.indexOf("\r\n") === text.length - 2 ? undefined : true;
    },
  },
};

const encoder = new TextEncoder(), decoder = new TextDecoder("latin1");

/** The bytes of a publish to each channel. */
function requests({ protocol, channels, size, port }: AskLoad): Uint8Array<ArrayBuffer>[] {
  const body = letters(size);
  return Array.from({ length: channels }, (_, i) => {
    const [head, tail] = PROTOCOLS[protocol].request(`c${i}`, body, port).map((text) =>
      encoder.encode(text)
    );
    return Uint8Array.from([...head!, ...body, ...tail!]);
  });
}

/** Runs a load of publishes. */
export function ask(load: AskLoad): AskResult {
  const { connections, port, pid } = load;
  const { answer } = PROTOCOLS[load.protocol];
  const bytes = requests(load);
  const sent = new Float64Array(connections), texts = new Array<string>(connections).fill("");
  let next = 0, taken = 0, refused = 0, times = new Times();
  const post = (id: number) => {
    const request = bytes[next++ % bytes.length]!;
    sent[id] = performance.now();
    if (swarm.send(id, request, request.length) < request.length) {
      throw new Error("a socket without room for a request");
    }
  };
  const swarm = new Swarm(connections, { port, path: undefined }, {
    data(id, b, start, end) {
      const text = texts[id] + decoder.decode(b.subarray(start, end));
      const ok = answer(text);
      texts[id] = ok === undefined ? text : "";
      if (ok === undefined) return;
      if (ok) taken++;
      else refused++;
      times.add(performance.now() - sent[id]!);
      post(id);
    },
    ended() {
      throw new Error("the server ended a connection");
    },
  });
  swarm.openAll();
  for (let id = 0; id < connections; id++) post(id);
  const run = (seconds: number) => {
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) swarm.turn(20);
  };
  run(load.warm);
  taken = refused = 0;
  times = new Times();
  const finish = meter(pid);
  run(load.seconds);
  return { ...finish(), taken, refused, p50: times.percentile(0.5), p99: times.percentile(0.99) };
}

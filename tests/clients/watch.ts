/**
 * What a program does on the wire, as Kodama's own tap shows it: what a program says of itself is no evidence.
 * @module
 */
import { Opcode } from "../../lib/websocket/frame.ts";
import type { Compression } from "./programs.ts";
import type { Seen } from "./report.ts";

/** In the URL of the connection that ends a watch. */
const LAST = "&last";

/** What a tap tells. */
interface Told {
  kind: "head" | "frame";
  dir: "in" | "out";
  text: string;
  hex: string;
}

/** A tap that is open: connections with its id are seen. */
export interface Watch extends AsyncDisposable {
  /** Its id. */
  id: string;
  /** What was seen of connections that are closed. */
  seen(): Promise<Seen>;
}

/** Watches the connections that are opened with `?tap=` and its id. */
export async function watch(port: number): Promise<Watch> {
  const id = crypto.randomUUID();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/-/tap/${id}`);
  const all = Promise.withResolvers<void>();
  const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
  let fragments = false, ping = false;
  const compressed = { in: false, out: false };
  socket.onmessage = ({ data }) => {
    const { kind, dir, text, hex } = JSON.parse(data) as Told;
    if (kind === "head" && text.includes(LAST)) all.resolve();
    if (kind !== "frame") return;
    const first = parseInt(hex.slice(0, 2), 16), opcode = first & 0x0f;
    // RFC 7692, 6: RSV1 of a message's first frame.
    if ((first & 0x40) !== 0) compressed[dir] = true;
    if (dir === "in" && opcode === Opcode.Continuation) fragments = true;
    if (dir === "in" && opcode === Opcode.Ping) ping = true;
  };
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error("the tap does not open"));
  });
  return {
    id,
    async seen() {
      // What is told of one more connection is told after everything else.
      const last = new WebSocket(`ws://127.0.0.1:${port}/-/echo?tap=${id}${LAST}`);
      const left = new Promise<void>((resolve) => last.onclose = () => resolve());
      last.onopen = () => last.close();
      await Promise.all([left, all.promise]);
      return { compressed: compression(compressed), fragments, ping };
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed;
    },
  };
}

function compression({ in: sent, out: came }: { in: boolean; out: boolean }): Compression {
  return sent && came ? "both ways" : came ? "what comes" : sent ? "what goes" : "nothing";
}

/**
 * What a program does on the wire, as Kodama's own tap shows it: what a program says of itself is no evidence.
 * @module
 */
import { Opcode } from "../../lib/websocket/frame.ts";
import type { Compression } from "./programs.ts";
import type { Seen } from "./report.ts";

/** A tap that is open: connections with its id are seen. */
export interface Watch extends AsyncDisposable {
  /** Its id. */
  id: string;
  /** What has been seen. */
  seen(): Seen;
}

/** Watches the connections that are opened with `?tap=` and its id. */
export async function watch(port: number): Promise<Watch> {
  const id = crypto.randomUUID();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/-/tap/${id}`);
  const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
  let fragments = false, ping = false;
  const compressed = { in: false, out: false };
  socket.onmessage = ({ data }) => {
    const { kind, dir, hex } = JSON.parse(data) as { kind: string; dir: "in" | "out"; hex: string };
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
    seen: () => ({ compressed: compression(compressed), fragments, ping }),
    async [Symbol.asyncDispose]() {
      socket.close();
      await closed;
    },
  };
}

function compression({ in: sent, out: came }: { in: boolean; out: boolean }): Compression {
  return sent && came ? "both ways" : came ? "what comes" : sent ? "what goes" : "nothing";
}

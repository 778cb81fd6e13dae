/**
 * Runs a load, {@link ./load.ts}, in a process of its own.
 * @module
 */
import type { AskLoad, AskResult } from "./load/asks.ts";
import type { BusyLoad, BusyResult } from "./load/busy.ts";
import type { EchoLoad, EchoResult } from "./load/echo.ts";
import type { FanoutLoad, FanoutResult } from "./load/fanout.ts";
import type { HandshakeResult, IdleLoad, IdleResult } from "./load/idle.ts";
import type { ResumeLoad, ResumeResult } from "./load/resume.ts";
import type { SyncLoad, SyncResult } from "./load/sync.ts";

/** Channels as they go through JSON: how many subscribers, and how their paths are made. */
export interface ChannelLoad extends Omit<FanoutLoad, "subscribe" | "publish"> {
  /** How many channels, shared out among the subscribers; 1: all of them subscribe to it. */
  channels: number;
  /** Where one subscribes to the one channel, where that is not its own path. */
  path?: string;
}

/** A load and its mode. */
export type Load =
  | { mode: "echo" } & EchoLoad
  | { mode: "busy" } & BusyLoad
  | { mode: "idle" } & IdleLoad
  | { mode: "handshakes" } & IdleLoad
  | { mode: "fanout" } & ChannelLoad
  | { mode: "ask" } & AskLoad
  | { mode: "resume" } & ResumeLoad
  | { mode: "sync" } & SyncLoad;

/** What each mode gives. */
export interface Results {
  echo: EchoResult;
  busy: BusyResult;
  idle: IdleResult;
  handshakes: HandshakeResult;
  fanout: FanoutResult;
  ask: AskResult;
  resume: ResumeResult;
  sync: SyncResult;
}

/** Runs a load in a process of its own. */
export async function runLoad<M extends Load["mode"]>(
  load: Extract<Load, { mode: M }>,
): Promise<Results[M]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      // Deno lets nobody read /proc who may not do everything.
      ...["run", "-q", "-A"],
      ...[new URL("load.ts", import.meta.url).pathname, JSON.stringify(load)],
    ],
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr).trim());
  return JSON.parse(new TextDecoder().decode(stdout));
}

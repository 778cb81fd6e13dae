/**
 * The engine's own thread: opens the engine and serves it to the threads that serve. {@linkcode EngineThread} starts it.
 * @module
 */
import { EngineHost } from "./host.ts";
import { type EngineSettings, openEngine } from "./open.ts";
import type { Port } from "./wire.ts";

/** To the thread. */
export type ToThread =
  /** Opens an engine; first of all, and once. */
  | { open: EngineSettings }
  /** Serves a thread, by a number of its own. */
  | { attach: number; port: Port }
  /** Serves it no longer. */
  | { detach: number }
  /** Ends the engine, with all that was taken kept. */
  | { close: true };

/** From the thread. */
export type FromThread =
  | { opened: true }
  /** The engine cannot be opened, with why in one line. */
  | { failed: string }
  /** Why publishes are refused; `undefined`: they are taken again. */
  | { unreachable: string | undefined }
  /** Something that an operator should know, in one line. */
  | { said: string }
  /** The engine has ended; with what went wrong at the end, if anything did. */
  | { closed: true; failed?: string };

let host: EngineHost, close: () => Promise<void>;

async function take(message: ToThread): Promise<void> {
  if ("open" in message) {
    const { engine, sweep } = await openEngine(message.open, (said) => tell({ said }));
    const { open } = await engine.history([], undefined);
    host = new EngineHost(engine, open, (unreachable) => tell({ unreachable }));
    close = () => {
      sweep.stop();
      return engine.close();
    };
    tell({ opened: true });
  } else if ("attach" in message) host.attach(message.attach, message.port);
  else if ("detach" in message) host.detach(message.detach);
  else {
    await close();
    tell({ closed: true });
  }
}

/** This thread, as whoever has started it knows it; a package must not change the types of all globals for that. */
const thread = self as unknown as {
  postMessage(message: FromThread): void;
  onmessage: (event: MessageEvent<ToThread>) => void;
};

function tell(message: FromThread): void {
  thread.postMessage(message);
}

thread.onmessage = async ({ data }: MessageEvent<ToThread>) => {
  try {
    await take(data);
  } catch (error) {
    const failed = error instanceof Error ? error.message : String(error);
    if ("open" in data) tell({ failed });
    else if ("close" in data) tell({ closed: true, failed });
    else throw error;
  }
};

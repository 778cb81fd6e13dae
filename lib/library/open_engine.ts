/**
 * Opening an engine for a program's server: a disk is waited for in a thread of its own.
 * @module
 */
import type { Engine } from "../hub/engine.ts";
import {
  type EngineSettings,
  type OpenEngine,
  openEngine,
  ownEngine,
  type Say,
  sqliteFile,
} from "../engine/open.ts";
import type { RemoteEngine } from "../engine/remote.ts";
import { EngineThread, LAST_WORDS, remoteOf } from "../engine/spawn.ts";
import type { HubSettings } from "./lazy_hub.ts";

/** An engine, and how it ends. */
export interface Opened {
  engine: Engine;
  close(): Promise<void>;
}

/**
 * Opens an engine, in this thread or in one of its own; or takes the one that is given.
 * @param say Told what should be known besides whether it can be reached.
 * @throws {Error} With one line that says why, if it cannot be opened.
 */
export async function openBeside(settings: HubSettings, say: Say): Promise<Opened> {
  const { engine: which } = settings;
  if (typeof which !== "string") return swept(ownEngine(which, settings));
  const named = { ...settings, engine: which };
  if (sqliteFile(which) !== undefined) return await openThread(named, say);
  return swept(await openEngine(named, say));
}

function swept({ engine, sweep }: OpenEngine): Opened {
  return {
    engine,
    close() {
      sweep.stop();
      return engine.close();
    },
  };
}

async function openThread(settings: EngineSettings, say: Say): Promise<Opened> {
  const thread = new EngineThread(settings, {
    // Whoever talks to it is told, too.
    unreachable() {},
    said: say,
    fault: (error) => say(`it has ended and begins anew: ${error}`),
  }, undefined);
  await thread.start();
  let engine: RemoteEngine;
  try {
    engine = remoteOf(thread);
  } catch (error) {
    await thread.close(LAST_WORDS);
    throw error;
  }
  return {
    engine,
    async close() {
      await engine.close();
      const failed = await thread.close(LAST_WORDS);
      if (failed !== undefined) say(failed);
    },
  };
}

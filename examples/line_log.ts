/** A log in a file: each line is something that happened. It is as durable as a write that is not synced. */
import { EngineError, newEpoch } from "@kodama/kodama/engine";
import type { LogEntry, LogKey, LogListener, LogRecord } from "@kodama/kodama/engine";
import type { LogState, OwnLog, Place } from "@kodama/kodama/engine";

type Line =
  | { epoch: string; newest: Place; forgotten: Place }
  | { entry: LogEntry; body: number[] }
  | { key: LogKey }
  | { drop: number; forgotten: Place }
  | { dropKeys: number };

export class LineLog implements OwnLog {
  #head = { epoch: newEpoch(), newest: { seq: 0, time: 0 }, forgotten: { seq: 0, time: 0 } };
  #entries = new Map<number, LogEntry>();
  #keys = new Map<number, LogKey>();
  #listener!: LogListener;

  constructor(readonly path: string, readonly clock: () => number = Date.now) {
    Deno.openSync(path, { create: true, append: true }).close();
    // What is behind the last line break was never acknowledged.
    const lines = Deno.readTextFileSync(path).split("\n").slice(0, -1);
    for (const line of lines) this.#take(JSON.parse(line));
    const keys = [...this.#keys.values()].map((key) => ({ key }));
    const entries = [...this.#entries.values()].map(lineOf);
    Deno.writeTextFileSync(`${path}.new`, [this.#head, ...keys, ...entries].map(write).join(""));
    Deno.renameSync(`${path}.new`, path);
  }

  now(): number {
    return Math.max(this.#head.newest.time, this.clock());
  }

  follow(listener: LogListener): LogState {
    this.#listener = listener;
    const { epoch, forgotten } = this.#head;
    return { epoch, forgotten, keys: this.#keys.values(), entries: this.#entries.values() };
  }

  append(record: LogRecord): Promise<number> {
    const seq = this.#head.newest.seq + 1, before = this.#listener.newest(record.channel);
    const entry = { ...record, seq, time: this.now(), before };
    try {
      this.#add(lineOf(entry));
    } catch (error) {
      return Promise.reject(new EngineError(`${error}`));
    }
    this.#listener.entry(entry);
    return Promise.resolve(seq);
  }

  drop(seq: number): void {
    this.#add({ drop: seq, forgotten: this.#listener.forgotten() });
  }

  dropKeys(seq: number): void {
    this.#add({ dropKeys: seq });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #add(line: Line): void {
    Deno.writeTextFileSync(this.path, write(line), { append: true });
    this.#take(line);
  }

  #take(line: Line): void {
    if ("epoch" in line) this.#head = line;
    else if ("key" in line) this.#keys.set(line.key.seq, line.key);
    else if ("drop" in line) {
      this.#entries.delete(line.drop);
      this.#head.forgotten = line.forgotten;
    } else if ("dropKeys" in line) {
      for (const seq of this.#keys.keys()) if (seq <= line.dropKeys) this.#keys.delete(seq);
    } else {
      const { channel, seq, time, subscribers, key } = line.entry;
      this.#entries.set(seq, { ...line.entry, body: Uint8Array.from(line.body) });
      if (key !== undefined) this.#keys.set(seq, { channel, key, seq, time, subscribers });
      this.#head.newest = { seq, time };
    }
  }
}

function lineOf(entry: LogEntry): Line {
  return { entry: { ...entry, body: new Uint8Array() }, body: [...entry.body] };
}

function write(line: Line): string {
  return JSON.stringify(line) + "\n";
}

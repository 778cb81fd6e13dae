/**
 * A log on this machine's disk: what is acknowledged is synced, and there after a restart. What gathers while one commit
 * runs is the next. It is synchronous, so it is to run in a thread of its own.
 * @module
 */
import { clearImmediate, setImmediate } from "node:timers";
import { EngineError } from "../hub/engine.ts";
import { Database } from "./database.ts";
import { fault } from "./fault.ts";
import type { Log, LogListener, LogRecord, LogState, Place } from "./log.ts";

/** A message that waits to be written. */
interface Waiting {
  record: LogRecord;
  resolve: (seq: number) => void;
  reject: (error: EngineError) => void;
}

/** Before a file that failed is tried again, in ms. */
const AGAIN = 1000;
/** For something to be published, before what is not remembered any more is deleted by itself; in ms. */
const IDLE = 200;
/** For deletions in one transaction, and between two where nothing else is to be done, so that nobody waits long; in ms. */
const DELETING = 5;
/** Most messages that are deleted at once: of 1 MiB each, that takes about as long. */
const RUN = 8;
/** Bodies of one transaction, in bytes: what does not fit goes with the next, and the write-ahead log stays small. */
const LARGEST = 4 << 20;
/** Least that must be writable at the start, and for a file that failed to count as writable again; in bytes. */
const FIRST_PROBE = 4096, PROBE = 64 * 1024;

/** How a log is opened. */
export interface SqliteOptions {
  /** The file. */
  file: string;
  /** How much is remembered over all channels, in bytes. */
  historyBytes: number;
  /** The time, in ms since 1970. */
  now?: () => number;
  /** The time since something, in ms; it does not go back, and nobody sets it. */
  elapsed?: () => number;
}

/** A log in a file. */
export class SqliteLog implements Log {
  readonly #options: SqliteOptions;
  #db: Database | undefined;
  #listener!: LogListener;
  /** The newest message. */
  #newest: Place;
  /** The time, when it was asked for last, and what had elapsed then. */
  #clock: { time: number; at: number };
  #waiting: Waiting[] = [];
  /** Numbers of messages to delete, in the order in which they were dropped. */
  #dropped: number[] = [];
  #droppedKeys = 0;
  #commit: ReturnType<typeof setImmediate> | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #epoch: string;
  #fault = "";

  /**
   * Opens a file, or makes it.
   * @throws {DatabaseError} If it cannot be used, with why in one line.
   */
  constructor(options: SqliteOptions) {
    this.#options = options;
    const db = this.#db = new Database(options.file, options.historyBytes);
    try {
      db.probe(FIRST_PROBE);
    } catch (error) {
      db.close();
      throw fault(options.file, error);
    }
    this.#epoch = db.epoch;
    this.#newest = db.newest();
    this.#clock = { time: this.#newest.time, at: this.#elapsed() };
  }

  /** The time, in ms since 1970; it never goes back, and goes on, whatever the clock of the machine does. */
  now(): number {
    const at = this.#elapsed(), since = this.#clock;
    const time = Math.max(since.time + at - since.at, (this.#options.now ?? Date.now)());
    this.#clock = { time, at };
    return Math.floor(time);
  }

  /** @inheritDoc */
  follow(listener: LogListener): LogState {
    this.#listener = listener;
    return stateOf(this.#db!);
  }

  /** @inheritDoc */
  append(record: LogRecord): Promise<number> {
    if (this.#db === undefined) return Promise.reject(new EngineError(this.#fault));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      this.#commit ??= setImmediate(() => this.#run());
    });
  }

  /** @inheritDoc */
  drop(seq: number): void {
    this.#dropped.push(seq);
    this.#idle ??= setTimeout(() => this.#run(), IDLE);
  }

  /** @inheritDoc */
  dropKeys(seq: number): void {
    this.#droppedKeys = seq;
    this.#idle ??= setTimeout(() => this.#run(), IDLE);
  }

  /** @inheritDoc */
  close(): Promise<void> {
    // What was taken is written; what is not remembered any more is deleted.
    while (this.#db !== undefined && this.#waiting.length + this.#dropped.length > 0) this.#run();
    clearTimeout(this.#idle);
    clearTimeout(this.#again);
    clearImmediate(this.#commit);
    try {
      this.#db?.close();
    } catch (error) {
      return Promise.reject(fault(this.#options.file, error));
    }
    this.#db = undefined;
    this.#fault = "the log is closed";
    return Promise.resolve();
  }

  #elapsed(): number {
    return (this.#options.elapsed ?? (() => performance.now()))();
  }

  /** Writes what waits, and tells of it once it is on the disk. */
  #run(): void {
    clearImmediate(this.#commit);
    clearTimeout(this.#idle);
    this.#commit = this.#idle = undefined;
    const db = this.#db;
    if (db === undefined) return;
    const batch = this.#waiting.splice(0, this.#room());
    const places: { at: Place; before: Place }[] = [];
    const keys = this.#droppedKeys;
    let deleted = 0, written = false;
    try {
      const time = this.now();
      db.checkName();
      db.transaction(() => {
        this.#insert(db, batch, time, places);
        deleted = this.#delete(db, batch.length);
        if (keys > 0) db.deleteKeys(keys);
        written = true;
      });
    } catch (error) {
      return this.#fail(error, batch, written);
    }
    this.#dropped.splice(0, deleted);
    this.#droppedKeys = 0;
    for (const [i, { record, resolve }] of batch.entries()) {
      const { at, before } = places[i]!;
      this.#newest = at;
      this.#listener.entry({ ...record, ...at, before });
      resolve(at.seq);
    }
    if (this.#waiting.length > 0) this.#commit ??= setImmediate(() => this.#run());
    if (this.#dropped.length > 0) this.#idle ??= setTimeout(() => this.#run(), DELETING);
  }

  /** How many of those that wait go with the next transaction: one at least, and no more than its bytes allow. */
  #room(): number {
    const most = Math.min(LARGEST, this.#options.historyBytes / 16);
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length && (bytes <= most || count === 0); count++) {
      bytes += this.#waiting[count]!.record.body.length;
    }
    return count;
  }

  #insert(
    db: Database,
    batch: Waiting[],
    time: number,
    places: { at: Place; before: Place }[],
  ): void {
    const newest = new Map<string, Place>();
    let { seq } = this.#newest;
    for (const { record } of batch) {
      const at = { seq: ++seq, time };
      const before = newest.get(record.channel) ?? this.#listener.newest(record.channel);
      db.insert(record, at, before);
      newest.set(record.channel, at);
      places.push({ at, before });
    }
  }

  /**
   * Deletes some of what was dropped: numbers that follow one another go as one. Returns how many.
   * @param least As many as were added, so that the file does not grow; more only while there is time.
   */
  #delete(db: Database, least: number): number {
    const dropped = this.#dropped;
    const until = performance.now() + DELETING;
    let at = 0;
    while (at < dropped.length && (at < least || performance.now() < until)) {
      const first = dropped[at]!, end = at + RUN;
      let last = first;
      while (++at < end && dropped[at] === last + 1) last++;
      db.delete(first, last);
    }
    if (at > 0) db.forget(this.#listener.forgotten());
    return at;
  }

  /**
   * Refuses what waits, and tries from time to time whether the file can be written again.
   * @param written Whether it failed as it was committed, so that it may be there all the same.
   */
  #fail(error: unknown, batch: Waiting[], written: boolean): void {
    this.#fault = fault(this.#options.file, error).message;
    try {
      this.#db!.close();
    } catch {
      // It is given up anyway: the next one to open the file sees what is in it.
    }
    this.#db = undefined;
    this.#listener.reachable(this.#fault);
    for (const { reject } of batch) reject(new EngineError(this.#fault, written));
    for (const { reject } of this.#waiting.splice(0)) reject(new EngineError(this.#fault));
    const bytes = batch.reduce((sum, { record }) => sum + record.body.length, 0);
    this.#again = setTimeout(() => this.#reopen(bytes), AGAIN);
  }

  #reopen(bytes: number): void {
    const { file, historyBytes } = this.#options;
    let db: Database | undefined;
    try {
      // A new one would hide that what was acknowledged is gone, or on a disk that is not mounted.
      db = new Database(file, historyBytes, false);
      db.probe(Math.max(PROBE, bytes));
      this.#comeBack(db);
    } catch (error) {
      try {
        db?.close();
      } catch {
        // As in `#fail`.
      }
      const why = fault(file, error).message;
      if (why !== this.#fault) this.#listener.reachable(this.#fault = why);
      this.#again = setTimeout(() => this.#reopen(bytes), AGAIN);
    }
  }

  /** Tells of what is in the file and was not known to be, and goes on. */
  #comeBack(db: Database): void {
    if (db.epoch === this.#epoch && db.newest().seq >= this.#newest.seq) {
      for (const entry of [...db.entries(this.#newest.seq)]) {
        this.#newest = entry;
        this.#listener.entry(entry);
      }
    } else {
      // Somebody put another file in its place, or an older copy of it, whose numbers come again.
      if (db.epoch === this.#epoch) db.renew();
      this.#epoch = db.epoch;
      this.#newest = db.newest();
      this.#clock.time = Math.max(this.#clock.time, this.#newest.time);
      this.#dropped = [];
      this.#listener.lost("epoch", stateOf(db));
    }
    this.#db = db;
    this.#fault = "";
    this.#listener.reachable(undefined);
  }
}

function stateOf(db: Database): LogState {
  return { epoch: db.epoch, forgotten: db.forgotten, keys: db.keys(), entries: db.entries(0) };
}

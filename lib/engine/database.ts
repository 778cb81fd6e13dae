/**
 * The file of a log on this machine's disk: its schema, and how it is opened, read and looked into.
 * @module
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Kind } from "../hub/message.ts";
import { newEpoch } from "./epoch.ts";
import type { LogEntry, LogKey, LogRecord, Place } from "./log.ts";

/** A file that cannot be used; the message is one line for an operator. */
export class DatabaseError extends Error {
  override name = "DatabaseError";
}

/** Says whose file it is (`Koda`), where SQLite keeps that. */
const APPLICATION = 0x4b6f6461;
/** What the tables are like; a later one is refused. */
const VERSION = 1;
/**
 * Of a page, in bytes: small, so that messages of which two do not fit into one leave little of it unused, and the file is
 * hardly larger than what is counted.
 */
const PAGE = 2048;

/**
 * `log` is the log, by number alone: what belongs to a channel is found by reading it, once, at the start. `before` is the
 * number of the message before it on its channel. `keys` are those of the last 10 minutes, whose message may be gone.
 */
const schema = `
  CREATE TABLE log (
    seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, channel TEXT NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL,
    before INTEGER NOT NULL, before_time INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE keys (
    seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, channel TEXT NOT NULL, key TEXT NOT NULL,
    subscribers INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1), epoch TEXT NOT NULL, forgotten INTEGER NOT NULL,
    forgotten_time INTEGER NOT NULL, probe BLOB
  ) STRICT;
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${VERSION};
`;

/** What is in a file, as `kodama check` tells it. */
export interface Inspection {
  epoch: string;
  channels: number;
  messages: number;
  /** Of all bodies. */
  bytes: number;
  /** Of the file. */
  size: number;
  /** When the oldest message was published, in ms since 1970; `undefined` if there is none. */
  oldest: number | undefined;
  /** What is wrong with it; empty if nothing is. */
  faults: string[];
}

/** A file that is open, and nobody else's meanwhile. */
export class Database {
  /** Names this life of the log. */
  readonly epoch: string;
  /** The newest message of all channels that are forgotten. */
  readonly forgotten: Place;
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertKey: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteKeys: StatementSync;
  readonly #forget: StatementSync;

  /**
   * Opens a file, or makes it.
   * @param file Its path.
   * @param most How much it is to hold, in bytes: how much its write-ahead log may hold follows from that.
   * @throws {DatabaseError} If it cannot be used, with why.
   */
  constructor(file: string, most: number) {
    try {
      // What is published may be nobody else's business.
      Deno.openSync(file, { create: true, write: true, mode: 0o600 }).close();
      const db = this.#db = new DatabaseSync(file);
      // EXCLUSIVE before WAL: then there is no shared memory, and no second process.
      db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY");
      db.exec(`PRAGMA page_size = ${PAGE}`);
      checkSchema(db);
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      const pages = Math.max(16, Math.min(1000, Math.floor(most / 16 / PAGE)));
      db.exec(`PRAGMA wal_autocheckpoint = ${pages}; PRAGMA journal_size_limit = ${pages * PAGE}`);
      const begin = this.#begin = db.prepare("BEGIN IMMEDIATE");
      const commit = this.#commit = db.prepare("COMMIT");
      // To take the lock now, not at the first publish.
      begin.run();
      if (version(db) === 0) {
        db.exec(schema);
        db.prepare("INSERT INTO state VALUES (1, ?, 0, 0, NULL)").run(newEpoch());
      }
      commit.run();
      const state = db.prepare("SELECT epoch, forgotten, forgotten_time FROM state").get()!;
      this.epoch = String(state.epoch);
      this.forgotten = { seq: Number(state.forgotten), time: Number(state.forgotten_time) };
      this.#insert = db.prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)");
      this.#insertKey = db.prepare("INSERT INTO keys VALUES (?, ?, ?, ?, ?)");
      this.#delete = db.prepare("DELETE FROM log WHERE seq BETWEEN ? AND ?");
      this.#deleteKeys = db.prepare("DELETE FROM keys WHERE seq <= ?");
      this.#forget = db.prepare("UPDATE state SET forgotten = ?, forgotten_time = ?");
    } catch (error) {
      this.close();
      throw fault(file, error);
    }
  }

  /** Runs something as one transaction; it is on the disk when this returns. */
  transaction(work: () => void): void {
    this.#begin.run();
    work();
    this.#commit.run();
  }

  /** Within a transaction: keeps a message. */
  insert({ channel, kind, body, key, subscribers }: LogRecord, at: Place, before: Place): void {
    this.#insert.run(at.seq, at.time, channel, kind, body, before.seq, before.time);
    if (key !== undefined) this.#insertKey.run(at.seq, at.time, channel, key, subscribers);
  }

  /** Within a transaction: lets go of messages, from one number to another. */
  delete(from: number, to: number): void {
    this.#delete.run(from, to);
  }

  /** Within a transaction: lets go of the keys of a message and of all before it. */
  deleteKeys(seq: number): void {
    this.#deleteKeys.run(seq);
  }

  /** Within a transaction: remembers up to where channels are forgotten. */
  forget({ seq, time }: Place): void {
    this.#forget.run(seq, time);
  }

  /**
   * Writes and takes back as much as has to be written soon.
   * @throws {Error} If there is no room for it, or it cannot be written.
   */
  probe(bytes: number): void {
    this.transaction(() => this.#db.prepare("UPDATE state SET probe = zeroblob(?)").run(bytes));
    this.transaction(() => this.#db.exec("UPDATE state SET probe = NULL"));
  }

  /** What it keeps after a message, oldest first. */
  *entries(after: number): Generator<LogEntry> {
    const rows = this.#db.prepare(
      "SELECT log.*, key, subscribers FROM log LEFT JOIN keys USING (seq) WHERE seq > ? ORDER BY seq",
    ).iterate(after);
    for (const row of rows) {
      yield {
        seq: Number(row.seq),
        time: Number(row.time),
        channel: String(row.channel),
        kind: String(row.kind) as Kind,
        body: row.body as Uint8Array,
        before: { seq: Number(row.before), time: Number(row.before_time) },
        key: row.key === null ? undefined : String(row.key),
        subscribers: Number(row.subscribers ?? 0),
      };
    }
  }

  /** The keys that it keeps, oldest first. */
  *keys(): Generator<LogKey> {
    for (const row of this.#db.prepare("SELECT * FROM keys ORDER BY seq").iterate()) {
      yield {
        seq: Number(row.seq),
        time: Number(row.time),
        channel: String(row.channel),
        key: String(row.key),
        subscribers: Number(row.subscribers),
      };
    }
  }

  /** The newest message that it ever kept. */
  newest(): Place {
    const row = this.#db.prepare("SELECT seq, time FROM log ORDER BY seq DESC LIMIT 1").get();
    if (row === undefined || Number(row.seq) < this.forgotten.seq) return this.forgotten;
    return { seq: Number(row.seq), time: Number(row.time) };
  }

  /** Closes it; what is not committed is gone. */
  close(): void {
    if (this.#db?.isOpen) this.#db.close();
  }
}

function version(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()!.user_version);
}

/** Refuses what is not a log, or is one of a later Kodama; an empty file is neither. */
function checkSchema(db: DatabaseSync): void {
  const empty = db.prepare("SELECT count(*) AS tables FROM sqlite_schema").get()!.tables === 0;
  const application = Number(db.prepare("PRAGMA application_id").get()!.application_id);
  if (empty) return;
  if (application !== APPLICATION) throw new DatabaseError("is a database of another program");
  if (version(db) > VERSION) {
    throw new DatabaseError(
      `was written by a later Kodama (schema ${version(db)}, not ${VERSION})`,
    );
  }
}

/** What is wrong with a file, in one line. */
export function fault(file: string, error: unknown): DatabaseError {
  const about = `the log ${file}`;
  if (error instanceof DatabaseError && error.message.startsWith(about)) return error;
  if (error instanceof Deno.errors.NotCapable) {
    return new DatabaseError(
      `${about} may not be opened: Deno needs --allow-read=${file},${file}-wal and --allow-write for the same`,
    );
  }
  return new DatabaseError(`${about} ${why(error)}`);
}

/** What SQLite or the system said, in the words of an operator. */
function why(error: unknown): string {
  if (error instanceof DatabaseError) return error.message;
  const said = error instanceof Error ? error.message : String(error);
  if (/locked/.test(said)) return "is in use by another process";
  if (/malformed|not a database/.test(said)) return `is damaged, or no database (${said})`;
  if (/readonly|read-only|Read-only/.test(said)) return "cannot be written: it is read-only";
  if (/full|No space/.test(said)) return "cannot be written: the disk is full";
  return `cannot be used: ${said.split("\n", 1)[0]}`;
}

/**
 * Looks into a file that nobody has open, and changes nothing.
 * @throws {DatabaseError} If it cannot be read at all.
 */
export function inspect(file: string): Inspection {
  let db: DatabaseSync | undefined;
  try {
    const size = Deno.statSync(file).size;
    db = new DatabaseSync(file, { readOnly: true });
    checkSchema(db);
    if (version(db) === 0) throw new DatabaseError("is empty");
    const faults = db.prepare("PRAGMA integrity_check").all()
      .map((row) => String(row.integrity_check)).filter((line) => line !== "ok");
    const sums = db.prepare(
      "SELECT count(*) AS messages, count(DISTINCT channel) AS channels, sum(length(body)) AS bytes," +
        " min(time) AS oldest FROM log",
    ).get()!;
    return {
      epoch: String(db.prepare("SELECT epoch FROM state").get()?.epoch),
      channels: Number(sums.channels),
      messages: Number(sums.messages),
      bytes: Number(sums.bytes ?? 0),
      size,
      oldest: sums.oldest === null ? undefined : Number(sums.oldest),
      faults,
    };
  } catch (error) {
    throw fault(file, error);
  } finally {
    db?.close();
  }
}

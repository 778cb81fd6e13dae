/**
 * The file of a log on this machine's disk: its schema, and how it is opened, written and read.
 * @module
 */
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Kind } from "../hub/message.ts";
import { newEpoch } from "./epoch.ts";
import { DatabaseError, fault } from "./fault.ts";
import type { LogEntry, LogKey, LogRecord, Place } from "./log.ts";

/** Says whose file it is (`Koda`), where SQLite keeps that. */
const APPLICATION = 0x4b6f6461;
/** What the tables are like; a later one is refused. */
const VERSION = 1;
/**
 * Of a page, in bytes. SQLite leaves a page alone while a third of it is used, and one that holds one message is no larger
 * than what that message counts: so the file is hardly larger than what is counted, whichever messages stay.
 */
const PAGE = 1024;

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

/**
 * Who published, of those messages where that was said. It came later than the rest, is made where it is missing, and is no
 * business of an earlier Kodama's, which may go on with the file.
 */
const senders =
  "CREATE TABLE IF NOT EXISTS senders (seq INTEGER PRIMARY KEY, sender TEXT NOT NULL) STRICT";

/** Deno has it, and does not say so in its types. */
type ListStatement = StatementSync & { setReturnArrays(lists: boolean): void };

/** What is said of a file that was taken away while it was open. */
const GONE = "is gone: put it back, or start again with a new one";

/** How many rows are read at a time. */
const ROWS = 500;

/** A row of the log, and the key of its message. */
type EntryRow = [
  seq: number,
  time: number,
  channel: string,
  kind: Kind,
  body: Uint8Array,
  before: number,
  beforeTime: number,
  key: string | null,
  subscribers: number | null,
  sender: string | null,
];

/** A file that is open, and nobody else's meanwhile. */
export class Database {
  /** Names this life of the log. */
  epoch: string;
  /** The newest message of all channels that are forgotten. */
  readonly forgotten: Place;
  readonly #file: string;
  /** Which file it is, whatever its name. */
  readonly #identity: string;
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertKey: StatementSync;
  readonly #insertSender: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteSenders: StatementSync;
  readonly #deleteKeys: StatementSync;
  readonly #forget: StatementSync;

  /**
   * Opens a file.
   * @param file Its path.
   * @param most How much it is to hold, in bytes: how much its write-ahead log may hold follows from that.
   * @param make Whether to make it if there is none, and its folder if that is all that is missing.
   * @throws {DatabaseError} If it cannot be used, with why.
   */
  constructor(file: string, most: number, make = true) {
    this.#file = file;
    try {
      if (make) create(file);
      else if (identityOf(file) === undefined) throw new DatabaseError(GONE);
      const db = this.#db = new DatabaseSync(file);
      // EXCLUSIVE before WAL: then there is no shared memory, and no second process.
      db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY");
      db.exec(`PRAGMA page_size = ${PAGE}`);
      checkSchema(db);
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      const pages = Math.max(16, Math.min(2000, Math.floor(most / 16 / PAGE)));
      db.exec(`PRAGMA wal_autocheckpoint = ${pages}; PRAGMA journal_size_limit = ${pages * PAGE}`);
      const begin = this.#begin = db.prepare("BEGIN IMMEDIATE");
      const commit = this.#commit = db.prepare("COMMIT");
      // To take the lock now, not at the first publish.
      begin.run();
      if (version(db) === 0) {
        if (!make) throw new DatabaseError("is empty");
        db.exec(schema);
        db.prepare("INSERT INTO state VALUES (1, ?, 0, 0, NULL)").run(newEpoch());
      }
      db.exec(senders);
      commit.run();
      const state = db.prepare("SELECT epoch, forgotten, forgotten_time FROM state").get()!;
      this.epoch = String(state.epoch);
      this.forgotten = { seq: Number(state.forgotten), time: Number(state.forgotten_time) };
      this.#insert = db.prepare("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)");
      this.#insertKey = db.prepare("INSERT INTO keys VALUES (?, ?, ?, ?, ?)");
      this.#insertSender = db.prepare("INSERT OR REPLACE INTO senders VALUES (?, ?)");
      this.#delete = db.prepare("DELETE FROM log WHERE seq BETWEEN ? AND ?");
      this.#deleteSenders = db.prepare("DELETE FROM senders WHERE seq BETWEEN ? AND ?");
      this.#deleteKeys = db.prepare("DELETE FROM keys WHERE seq <= ?");
      this.#forget = db.prepare("UPDATE state SET forgotten = ?, forgotten_time = ?");
      this.#identity = identityOf(file)!;
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

  /**
   * Checks that what is written can be found again: who takes away a file that is open leaves one without a name.
   * @throws {DatabaseError} If its name is gone, or is another file's.
   */
  checkName(): void {
    const identity = identityOf(this.#file);
    if (identity === this.#identity) return;
    throw new DatabaseError(identity === undefined ? GONE : "is another file than it was");
  }

  /** Gives it another name for its life: what it knows is not what was told of it. */
  renew(): void {
    const epoch = newEpoch();
    this.transaction(() => this.#db.prepare("UPDATE state SET epoch = ?").run(epoch));
    this.epoch = epoch;
  }

  /** Within a transaction: keeps a message. */
  insert(record: LogRecord, at: Place, before: Place): void {
    const { channel, kind, body, key, subscribers, sender } = record;
    this.#insert.run(at.seq, at.time, channel, kind, body, before.seq, before.time);
    if (key !== undefined) this.#insertKey.run(at.seq, at.time, channel, key, subscribers);
    if (sender !== undefined) this.#insertSender.run(at.seq, sender);
  }

  /** Within a transaction: lets go of messages, from one number to another. */
  delete(from: number, to: number): void {
    this.#delete.run(from, to);
    this.#deleteSenders.run(from, to);
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
    // Rows as lists, and many at a time: a start reads all of them, and so takes a quarter of the time.
    const select = this.#db.prepare(
      "SELECT seq, log.time, log.channel, kind, body, before, before_time, key, subscribers," +
        " sender FROM log LEFT JOIN keys USING (seq) LEFT JOIN senders USING (seq)" +
        ` WHERE seq > ? ORDER BY seq LIMIT ${ROWS}`,
    );
    (select as ListStatement).setReturnArrays(true);
    for (let last = after;;) {
      const rows = select.all(last) as unknown as EntryRow[];
      for (const row of rows) {
        const [seq, time, channel, kind, body, before, beforeTime, key, subscribers, sender] = row;
        yield {
          seq,
          time,
          channel,
          kind,
          body,
          before: { seq: before, time: beforeTime },
          key: key ?? undefined,
          subscribers: subscribers ?? 0,
          sender: sender ?? undefined,
        };
        last = seq;
      }
      if (rows.length < ROWS) return;
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

/** Makes a file where none is. */
function create(file: string): void {
  // What is published may be nobody else's business.
  const open = () => Deno.openSync(file, { create: true, write: true, mode: 0o600 }).close();
  try {
    open();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    makeFolder(dirname(file));
    open();
  }
}

/** Makes a folder, but not the one in which it is to be: that looks like a slip. */
function makeFolder(folder: string): void {
  try {
    Deno.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new DatabaseError(`cannot be made: there is no folder ${dirname(folder)}`);
  }
}

/** Which file a name stands for; `undefined`: none. */
function identityOf(file: string): string | undefined {
  try {
    const { dev, ino } = Deno.statSync(file);
    return `${dev} ${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** The schema of a file; 0: none yet. */
export function version(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()!.user_version);
}

/** Refuses what is not a log, or is one of a later Kodama; an empty file is neither. */
export function checkSchema(db: DatabaseSync): void {
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

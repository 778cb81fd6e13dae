/**
 * Looks into the file of a log, for `kodama check`.
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { checkSchema, version } from "./database.ts";
import { DatabaseError, fault } from "./fault.ts";

/** What is in a file, as `kodama check` tells it. */
export interface Inspection {
  epoch: string;
  channels: number;
  messages: number;
  /** Of all bodies. */
  bytes: number;
  /** Of the file, and of its write-ahead log. */
  size: number;
  /** When the oldest message was published, in ms since 1970; `undefined` if there is none. */
  oldest: number | undefined;
  /** What is wrong with it; empty if nothing is. */
  faults: string[];
}

/**
 * Looks into a file that nobody has open, and changes nothing.
 * @throws {DatabaseError} If it cannot be read at all, or is no log.
 */
export function inspect(file: string): Inspection {
  try {
    const size = Deno.statSync(file).size + (sizeOf(`${file}-wal`) ?? 0);
    refuseUsed(file);
    try {
      return { ...lookInto(file), size };
    } catch (error) {
      if (!(error instanceof Error && /unable to open/.test(error.message))) throw error;
      return { ...lookIntoCopy(file), size };
    }
  } catch (error) {
    throw fault(file, error);
  }
}

/** Refuses a file that a server has open, which nobody else can lock then. To try leaves no trace. */
function refuseUsed(file: string): void {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    db.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE");
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
  } catch (error) {
    // Who only reads does not get this lock where nobody has it, either; and all else is found out by looking.
    if (error instanceof Error && /locked/.test(error.message)) throw error;
  } finally {
    db.close();
  }
}

/** Looks into a file. SQLite makes two more beside it meanwhile. */
function lookInto(file: string): Omit<Inspection, "size"> {
  const missing = ["-wal", "-shm"].filter((suffix) => sizeOf(file + suffix) === undefined);
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return look(db);
  } finally {
    // Before it is closed: until then no server can open it, whose files these would be.
    for (const suffix of missing) remove(file + suffix);
    db.close();
  }
}

/** Looks into a copy of a file, where nothing can be made beside it. */
function lookIntoCopy(file: string): Omit<Inspection, "size"> {
  let folder: string;
  try {
    folder = Deno.makeTempDirSync();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new DatabaseError("cannot be looked into where nothing can be written: check a copy");
  }
  try {
    Deno.copyFileSync(file, `${folder}/log.db`);
    if (sizeOf(`${file}-wal`) !== undefined) {
      Deno.copyFileSync(`${file}-wal`, `${folder}/log.db-wal`);
    }
    return lookInto(`${folder}/log.db`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Removes what looking has left, where that is allowed; it is of no size, and nobody minds it. */
function remove(file: string): void {
  try {
    Deno.removeSync(file);
  } catch (error) {
    const { NotFound, NotCapable } = Deno.errors;
    if (!(error instanceof NotFound || error instanceof NotCapable)) throw error;
  }
}

function look(db: DatabaseSync): Omit<Inspection, "size"> {
  checkSchema(db);
  if (version(db) === 0) throw new DatabaseError("is empty");
  const faults = db.prepare("PRAGMA integrity_check").all()
    .flatMap((row) => String(row.integrity_check).split("\n"))
    .filter((line) => line !== "ok" && !line.startsWith("***"));
  let sums: Record<string, unknown>;
  try {
    sums = db.prepare(
      "SELECT count(*) AS messages, count(DISTINCT channel) AS channels, sum(length(body)) AS bytes," +
        " min(time) AS oldest FROM log",
    ).get()!;
  } catch (error) {
    throw faults.length === 0 ? error : new DatabaseError(`is damaged: ${faults[0]}`);
  }
  return {
    epoch: String(db.prepare("SELECT epoch FROM state").get()?.epoch),
    channels: Number(sums.channels),
    messages: Number(sums.messages),
    bytes: Number(sums.bytes ?? 0),
    oldest: sums.oldest === null ? undefined : Number(sums.oldest),
    faults,
  };
}

/** The size of a file; `undefined` if there is none. */
function sizeOf(file: string): number | undefined {
  try {
    return Deno.statSync(file).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * The certificate and its key, as files: read at the start, when asked, and when they have changed.
 * @module
 */
import { checkPair, type DatedPair } from "../net/certificate.ts";
import { ListenError } from "../net/conn.ts";
import type { Config } from "../settings/config.ts";
import type { Log } from "./log.ts";

/** Between two looks at the files, in ms. */
const LOOK = 1000;

/** Which files. */
export type PairFiles = Pick<Config, "cert" | "key">;

/** A pair that was looked at. */
export interface CheckedPair extends DatedPair {
  /** The names that it is for. */
  names: string[];
  /** Its line in the log. */
  fields: { names: string; expires: string };
}

/**
 * Reads both files.
 * @throws {ListenError} If one cannot be read, or they do not fit: one line for whoever wrote them.
 */
export async function readPair(files: PairFiles): Promise<CheckedPair> {
  const [cert, key] = await Promise.all([read(files.cert), read(files.key)]);
  try {
    const { names, expires } = checkPair({ cert, key });
    const fields = { names: names.join(", "), expires: new Date(expires).toISOString() };
    return { cert, key, expires, names, fields };
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new ListenError(`${files.cert} and ${files.key} cannot be used: ${error.message}`);
  }
}

async function read(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Deno.errors.NotCapable
      ? "this needs --allow-read of it"
      : error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Deno.errors.PermissionDenied
      ? "permission denied"
      : error instanceof Error
      ? error.message
      : String(error);
    throw new ListenError(`cannot read ${path}: ${why}`, { cause: error });
  }
}

/** Says what certificate is used. */
export function logPair({ fields }: CheckedPair, log: Log): void {
  if (Date.parse(fields.expires) < Date.now()) log.warn("the certificate has expired", fields);
  else log.info("certificate", fields);
}

/** Keeps to what the files hold. */
export class PairWatch {
  readonly #files: PairFiles;
  readonly #use: (pair: CheckedPair) => void;
  readonly #log: Log;
  readonly #timer: ReturnType<typeof setInterval>;
  #now: CheckedPair;
  /** What the files were like when they were last read, and when they were last looked at. */
  #read: string | undefined;
  #seen: string | undefined;
  #busy: Promise<void> = Promise.resolve();

  /**
   * @param now What they hold now.
   * @param use Told of each other pair that fits.
   */
  constructor(files: PairFiles, now: CheckedPair, use: (pair: CheckedPair) => void, log: Log) {
    this.#files = files;
    this.#now = now;
    this.#use = use;
    this.#log = log;
    this.#read = this.#seen = marks(files);
    this.#timer = setInterval(() => this.#look(), LOOK);
  }

  /** Reads them again, whatever they are like. */
  reload(): Promise<void> {
    return this.#busy = this.#busy.then(() => this.#take(true));
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Takes what has changed, once it is as it was a look ago: who writes two files is not done with one. */
  #look(): void {
    const now = marks(this.#files);
    const steady = now === this.#seen;
    this.#seen = now;
    if (steady && now !== this.#read) this.#busy = this.#busy.then(() => this.#take(false));
  }

  async #take(asked: boolean): Promise<void> {
    this.#read = marks(this.#files);
    try {
      const pair = await readPair(this.#files);
      const same = pair.cert === this.#now.cert && pair.key === this.#now.key;
      if (!same) this.#use(this.#now = pair);
      if (!same || asked) logPair(pair, this.#log);
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      this.#log.error("the certificate stays as it was", { error: error.message });
    }
  }
}

/** What changes when one of the files does, also where what changes is where a link leads. */
function marks({ cert, key }: PairFiles): string {
  return [cert, key].map((path) => {
    try {
      const { ino, size, mtime } = Deno.statSync(path);
      return `${ino} ${size} ${mtime?.getTime()}`;
    } catch {
      // What cannot be looked at cannot be read either: that is said there.
      return "none";
    }
  }).join();
}

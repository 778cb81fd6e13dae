/**
 * A schedule over the directory of this folder.
 */
import { assertEquals } from "@std/assert";
import {
  type Certificate,
  type KnownCertificate,
  readCertificate,
} from "../../lib/acme/certificate.ts";
import { keepCertificate, type ScheduleContext } from "../../lib/acme/schedule.ts";
import { lineFault } from "../tools/lines.ts";
import { DAY, TestDirectory, TestStore, TestTime, URL_OF_DIRECTORY } from "./directory.ts";

/** A line that was told. */
export interface Told {
  level: string;
  message: string;
  fields: Record<string, string | number>;
}

/** A schedule under test. */
export class TestSchedule {
  readonly stop = new AbortController();
  readonly challenges = new Map<string, string>();
  readonly time: TestTime;
  readonly directory: TestDirectory;
  /** What cuts pauses short. */
  hurried = new AbortController();
  store = new TestStore();
  told: Told[] = [];

  /** @param end When it is stopped, in ms from the beginning. */
  constructor(end = 30 * DAY) {
    this.time = new TestTime(this.stop, end);
    this.directory = new TestDirectory(this.time, this.challenges);
  }

  /** Begins it. */
  start(options: Partial<ScheduleContext> = {}): AsyncGenerator<Certificate> {
    return keepCertificate({
      directory: URL_OF_DIRECTORY,
      email: "me@kodama.test",
      names: ["kodama.test"],
      store: this.store,
      challenges: this.challenges,
      fetch: this.directory.fetch,
      time: this.time,
      tell: (level, message, fields) => {
        assertEquals(lineFault(level === "warn" ? "warning" : level, message, fields), undefined);
        this.told.push({ level, message, fields });
      },
      hurry: () => this.hurried.signal,
      signal: this.stop.signal,
      ...options,
    });
  }

  /** The first certificate. */
  async first(options: Partial<ScheduleContext> = {}): Promise<KnownCertificate> {
    const { value, done } = await this.start(options).next();
    if (done) throw new Error(`no certificate: ${this.failures.join(", ")}`);
    return readCertificate(value);
  }

  /** Runs it to the end of its time, and counts the certificates. */
  async run(options: Partial<ScheduleContext> = {}): Promise<number> {
    return (await Array.fromAsync(this.start(options))).length;
  }

  /** What the lines of failures say. */
  get failures(): string[] {
    return this.told.filter(({ level }) => level !== "info").map(({ fields }) => `${fields.why}`);
  }
}

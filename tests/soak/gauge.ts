/**
 * What a server holds while nobody is there but one who stays: files, connections, channels, memory, and the CPU that it takes to
 * do nothing. What was not given back is seen here.
 * @module
 */
import { collected } from "./inspector.ts";
import { type Scrape, scraped } from "../tools/scrape.ts";
import { soon } from "../tools/nats.ts";

/** What it holds at one moment. */
export interface Held {
  /** Minutes since the beginning. */
  minute: number;
  /** Connections that it has accepted by then. */
  accepted: number;
  /** Open files. */
  files: number;
  /** What all isolates hold once their garbage is collected, in MiB. */
  heap: number;
  /** Memory of the process (VmRSS) then, in MiB. */
  memory: number;
  /** CPU of all threads, in ms a second. */
  idle: number;
}

/** For what is closed to be gone, in ms. */
const PATIENCE = 20_000;
/** How long the CPU is watched, in ms. */
const IDLE = 1500;

/** A server, as it is looked at. */
export interface Gauged {
  port: number;
  pid: number;
  /** The port of its inspector. */
  inspector: number;
}

/**
 * Waits until everything is given back, and says what is held then.
 * @param server Which.
 * @param residents How many stay, each on one channel of its own.
 * @param files How many files may be open; by default any number.
 * @throws {Error} If something stays.
 */
export async function gauge(
  server: Gauged,
  residents: number,
  files = Infinity,
): Promise<Omit<Held, "minute">> {
  const found = await scraped(server, (scrape) => isQuiet(scrape, residents), PATIENCE);
  const heap = await collected(server.inspector);
  // The connection that has asked is gone, too, before long.
  const few = async () => (await look(server.pid)).files <= files;
  await soon(`fall of open files to ${files}`, few, PATIENCE);
  const before = await look(server.pid), began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, IDLE));
  const after = await look(server.pid);
  return {
    accepted: found.value("kodama_accepted_total"),
    files: after.files,
    heap,
    memory: after.memory,
    idle: 1000 * (after.cpu - before.cpu) / (performance.now() - began),
  };
}

/** Whether there are no connections but those of residents and of the one that asks, no channels but theirs, and no queue. */
function isQuiet(scrape: Scrape, residents: number): boolean {
  return scrape.value("kodama_connections") === residents + 1 &&
    scrape.value("kodama_channels") === residents &&
    scrape.value("kodama_queue_bytes") === 0;
}

/** A process, seen from outside. */
interface Process {
  files: number;
  /** VmRSS, in MiB. */
  memory: number;
  /** What its threads have run, in ms; without those that have ended. */
  cpu: number;
}

/** Looks at a process. A shell does: Deno grants `/proc` to nobody by folder. */
async function look(pid: number): Promise<Process> {
  const script = 'cd "/proc/$1" && ls fd | wc -l && grep VmRSS: status && cat task/*/schedstat';
  const { success, stdout, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, "sh", String(pid)],
  }).output();
  const decoder = new TextDecoder(), lines = decoder.decode(stdout).split("\n");
  // A thread may end between its listing and its reading.
  if (!success && lines.length < 3) throw new Error(decoder.decode(stderr));
  const [files, memory, ...threads] = lines;
  return {
    files: Number(files),
    memory: Number(/(\d+) kB/.exec(memory!)![1]) / 1024,
    cpu: threads.reduce((sum, line) => sum + Number(line.split(" ")[0]) / 1e6, 0),
  };
}

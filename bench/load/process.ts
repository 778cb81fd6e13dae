/**
 * What a process has used, from Linux's /proc.
 * @module
 */

/** Ticks a second of /proc's clock (USER_HZ): 100 on every Linux that there is. */
const HZ = 100;

/** CPU time of a process with all its threads, in seconds, in steps of 10 ms. 0 for process 0. */
export function cpuSeconds(pid: number): number {
  // utime and stime are fields 14 and 15.
  return pid === 0 ? 0 : seconds(pid, 14);
}

/** CPU time of all processes that this one has started and that have ended, in seconds. */
export function childrenSeconds(): number {
  // cutime and cstime are fields 16 and 17.
  return seconds(Deno.pid, 16);
}

/** Two fields of a process that are times, together. */
function seconds(pid: number, first: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name, field 2, is in parentheses and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[first - 3]) + Number(fields[first - 2])) / HZ;
}

/** Memory of a process that is resident (VmRSS), in bytes. 0 for process 0. */
export function residentBytes(pid: number): number {
  if (pid === 0) return 0;
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s*(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}

/** CPU time that the whole machine has spent on anything, in seconds. */
export function machineSeconds(): number {
  const [user, nice, system, , , irq, softirq, steal] = Deno.readTextFileSync("/proc/stat")
    .split("\n", 1)[0]!.trim().split(/ +/).slice(1).map(Number);
  return (user! + nice! + system! + irq! + softirq! + steal!) / HZ;
}

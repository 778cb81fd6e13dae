/**
 * The one version that the command, the binary, the log, the metrics and the package have.
 * @module
 */

/** Kodama's version. `deno.json` has the same: a test holds that, as threads may not read what is not under `lib`. */
export const version: string = "0.1.0";

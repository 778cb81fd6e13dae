/**
 * The one version that the command, the binary, the log and the package have: that of `deno.json`.
 * @module
 */
import manifest from "../deno.json" with { type: "json" };

/** Kodama's version, as in `1.2.3`. */
export const version: string = manifest.version;

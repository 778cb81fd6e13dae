/**
 * In a thread: listening fails while a file is there that the thread's URL names, and is logged where it does not.
 * @module
 */
/// <reference lib="deno.worker" />
import { existsSync } from "node:fs";

const listen = Deno.listen, file = new URL(self.location.href).hash.slice(1);

Deno.listen = ((options: Deno.ListenOptions & { transport?: "tcp" }) => {
  if (existsSync(file)) throw new Error("no file is left");
  self.postMessage({ log: "error", message: "fault", fields: { error: "it listens" } });
  return listen(options);
}) as typeof Deno.listen;

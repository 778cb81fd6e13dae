/**
 * What is wrong with the file of a log, in the words of an operator.
 * @module
 */
import { dirname } from "node:path";

/** A file that cannot be used; the message is one line for an operator. */
export class DatabaseError extends Error {
  override name = "DatabaseError";
}

/** What Deno must be allowed to read for a thread to be started; to allow it another folder replaces what was allowed. */
const MODULES = "lib,static,std";

/** What is wrong with a file, in one line. */
export function fault(file: string, error: unknown): DatabaseError {
  const about = `the log ${file}`;
  if (error instanceof DatabaseError && error.message.startsWith(about)) return error;
  if (error instanceof Deno.errors.NotCapable) {
    const folder = dirname(file);
    return new DatabaseError(
      `${about} may not be opened: Deno needs --allow-read=${MODULES},${folder} --allow-write=${folder}`,
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
  if (error instanceof Deno.errors.NotFound) return "is not there";
  if (/Is a directory/.test(said)) return "is a folder";
  if (error instanceof Deno.errors.PermissionDenied) return "may not be written by this user";
  if (/full|No space/.test(said)) return "cannot be written: the disk is full";
  return `cannot be used: ${said.split("\n", 1)[0]}`;
}

/**
 * Lines of the log, held to the table of them.
 * @module
 */
import { type Level, type LineKind, lines } from "../../lib/service/lines.ts";

/** What is wrong with a line by the table; `undefined` if nothing is. */
export function lineFault(
  level: string,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): string | undefined {
  const kind = new Map<string, LineKind>(Object.entries(lines)).get(message);
  if (kind === undefined) return `the table has no line ${JSON.stringify(message)}`;
  const { worse = kind.level } = kind;
  // A WebSocket that ended by a fault of ours is one.
  const good = message !== "ended abnormally"
    ? [kind.level, worse]
    : [fields.code === 1011 ? worse : kind.level];
  if (!good.includes(level as Level)) return `${message} is ${level}`;
  const left = new Set(Object.keys(fields));
  for (const field of Object.keys(kind.fields)) {
    const names = field.replace("?", "").split("|").filter((name) => left.delete(name));
    if (names.length === 0 && !field.endsWith("?")) return `${message} is without ${field}`;
    if (names.length > 1) return `${message} has ${names.join(" and ")}`;
  }
  return left.size === 0 ? undefined : `${message} has ${[...left].join(", ")}`;
}

/**
 * Why there is no certificate: what a directory said, or that it said nothing (RFC 8555, 6.7; RFC 9457).
 * @module
 */

/** A step that failed; the message is one line for whoever reads the log. */
export class AcmeError extends Error {
  /** The problem's type without what all of them begin with, such as `rateLimited`; `undefined` where none was given. */
  readonly type: string | undefined;
  /** How long the directory wants to be left alone, in ms; `undefined` where it does not say. */
  readonly retryAfter: number | undefined;
  /** Whether the directory cannot be reached or is broken: nothing was refused, and nothing was used up. */
  readonly down: boolean;

  /**
   * @param message Why.
   * @param about What else is known.
   */
  constructor(
    message: string,
    about: { type?: string; retryAfter?: number | undefined; down?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: about.cause });
    this.name = "AcmeError";
    this.type = about.type;
    this.retryAfter = about.retryAfter;
    this.down = about.down ?? false;
  }
}

/** 6.7: what the types of ACME's problems begin with. */
const PREFIX = "urn:ietf:params:acme:error:";
/** What of a text of the directory goes into a line, in characters. */
const LONGEST = 500;
/** Longest `Retry-After` that is believed, in ms: a year. */
const LONGEST_WAIT = 365 * 24 * 3_600_000;

/** A problem document (RFC 9457), as far as it is one. */
interface Problem {
  type?: unknown;
  detail?: unknown;
  subproblems?: unknown;
  identifier?: { value?: unknown };
}

/** The type of a problem, such as `dns`; `undefined` where it is none of ACME's. */
export function problemType(problem: unknown): string | undefined {
  const { type } = (problem ?? {}) as Problem;
  return typeof type === "string" && type.startsWith(PREFIX)
    ? type.slice(PREFIX.length).slice(0, 40)
    : undefined;
}

/**
 * A problem on one line: its type and detail, then those it is made of, each with its name (6.7.1).
 * @param problem A problem document, or whatever came instead of one.
 */
export function problemText(problem: unknown): string {
  const { detail, subproblems } = (problem ?? {}) as Problem;
  const type = problemType(problem);
  const said = typeof detail === "string" && detail !== "" ? detail : "no reason was given";
  const parts = Array.isArray(subproblems) ? subproblems.slice(0, 10).map(subproblemText) : [];
  const text = [type === undefined ? said : `${type}: ${said}`, ...parts].join("; ");
  return text.length > LONGEST ? text.slice(0, LONGEST) + "…" : text;
}

function subproblemText(problem: unknown): string {
  const value = (problem as Problem | null)?.identifier?.value;
  const { subproblems: _, ...rest } = (problem ?? {}) as Problem;
  return `${typeof value === "string" ? `${value}: ` : ""}${problemText(rest)}`;
}

/**
 * How long a `Retry-After` asks to wait (RFC 9110, 10.2.3): seconds, or a date.
 * @param value The field's value.
 * @param now The time, in ms since 1970.
 * @returns In ms, a year at most; `undefined` where it is neither.
 */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LONGEST_WAIT);
}

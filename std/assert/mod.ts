/**
 * Stand-in for `@std/assert`: the assertions that the tests use, on top of `node:assert/strict`.
 * @module
 */
import node from "node:assert/strict";

// deno-lint-ignore no-explicit-any
type Constructor<T> = abstract new (...args: any[]) => T;

/** Asserts that the value is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  node.ok(expr, msg || undefined);
}

/** Asserts that the value is falsy. */
export function assertFalse(expr: unknown, msg?: string): void {
  node.ok(!expr, msg);
}

/** Asserts that the two are equal, deeply. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  node.deepStrictEqual(actual, expected, msg);
}

/** Asserts that the two differ, deeply. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  node.notDeepStrictEqual(actual, expected, msg);
}

/** Asserts that the two are the same by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  node.strictEqual(actual, expected, msg);
}

/** Asserts that the value is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  node.ok(actual !== undefined && actual !== null, msg);
}

/** Asserts that the value is an instance of the class. */
export function assertInstanceOf<T>(
  actual: unknown,
  expectedType: Constructor<T>,
  msg?: string,
): asserts actual is T {
  node.ok(actual instanceof expectedType, msg);
}

/** Asserts that the text matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  node.match(actual, expected, msg);
}

/** Asserts that the text does not match. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  node.doesNotMatch(actual, expected, msg);
}

/** Asserts that the text contains the other. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  node.ok(
    actual.includes(expected),
    msg ?? `expected ${JSON.stringify(actual)} to include ${JSON.stringify(expected)}`,
  );
}

/** Asserts that the first is less. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  node.ok(actual < expected, msg ?? `expected ${actual} < ${expected}`);
}

/** Asserts that the first is less or equal. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  node.ok(actual <= expected, msg ?? `expected ${actual} <= ${expected}`);
}

/** Asserts that the first is greater. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  node.ok(actual > expected, msg ?? `expected ${actual} > ${expected}`);
}

/** Asserts that the first is greater or equal. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  node.ok(actual >= expected, msg ?? `expected ${actual} >= ${expected}`);
}

/** Asserts that the call throws an error of the class, whose message includes the text; returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: Constructor<E>,
  msgIncludes?: string,
): E {
  let caught: unknown;
  node.throws(fn, (error) => {
    caught = error;
    return true;
  });
  return checked(caught, ErrorClass, msgIncludes);
}

/** Asserts that the promise rejects with an error of the class, whose message includes the text; returns it. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: Constructor<E>,
  msgIncludes?: string,
): Promise<E> {
  let caught: unknown;
  await node.rejects(async () => await fn(), (error) => {
    caught = error;
    return true;
  });
  return checked(caught, ErrorClass, msgIncludes);
}

function checked<E extends Error>(error: unknown, ErrorClass: Constructor<E>, msgIncludes = ""): E {
  assertInstanceOf(error, ErrorClass, `expected ${ErrorClass.name}, got ${error}`);
  assertStringIncludes(error.message, msgIncludes);
  return error;
}

/** Fails. */
export function fail(msg?: string): never {
  node.fail(msg);
}

/**
 * Promises that nobody need wait for: what goes wrong is told then, and ends no process.
 * @module
 */

/** A promise that knows whether somebody waits for it. */
class Awaited<T> extends Promise<T> {
  asked = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.asked = true;
    return super.then(fulfilled, rejected);
  }
}

/**
 * Tells what goes wrong with a promise, unless somebody waits for it by then.
 * @returns The promise, for whoever wants to wait.
 */
export function toldUnlessAwaited<T>(
  promise: Promise<T>,
  tell: (error: unknown) => void,
): Promise<T> {
  const awaited = new Awaited<T>((resolve) => resolve(promise));
  const { then } = Promise.prototype;
  then.call(awaited, undefined, (error) => {
    if (awaited.asked) return;
    // Whoever begins to wait in this turn does so in time.
    setTimeout(() => awaited.asked || tell(error), 0);
  });
  return awaited;
}

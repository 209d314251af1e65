import { afterAll } from "./deadline.ts";

/** An attempt was in vain lately where that is not longer ago than this, in milliseconds: the next follows within a second. */
const LATELY = 1500;

/** An attempt that has not come about within this time counts as in vain until it does, in milliseconds. */
const PENDING = 500;

/**
 * What is tried until it succeeds. A process that has stood still does not know whether it would succeed by now: that shows only
 * once an attempt has been made.
 */
export class Attempts {
  #vainAt = -Infinity;
  #waiting: (() => void)[] = [];

  async make<Result>(attempt: () => Promise<Result>): Promise<Result> {
    let callOff = () => {};
    const watch = () => {
      callOff = afterAll(PENDING, () => {
        this.#inVain();
        watch();
      });
    };
    watch();
    try {
      const result = await attempt();
      this.#tell();
      return result;
    } catch (error) {
      this.#inVain();
      throw error;
    } finally {
      callOff();
    }
  }

  /**
   * Resolves when an attempt has succeeded, or was in vain; at once where one was lately. Not longer than a second.
   *
   * @param hurry has the next attempt made now
   */
  async made(hurry: () => void): Promise<void> {
    if (performance.now() - this.#vainAt < LATELY) return;
    hurry();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    const callOff = afterAll(2 * PENDING, () => this.#inVain());
    await promise;
    callOff();
  }

  #inVain(): void {
    this.#vainAt = performance.now();
    this.#tell();
  }

  #tell(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

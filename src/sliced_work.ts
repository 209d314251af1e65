/** Work that may be long is done in slices of so many milliseconds, so that others get their turn. */
const SLICE = 8;

let last: Promise<void> = Promise.resolve();

/**
 * Waits for a turn of the event loop in which no other long work is done: however many large bodies there are, others
 * wait for one slice of one of them. A timer, because with `setImmediate` the event loop goes round without looking at
 * the sockets (Deno 2.9.6): with it a Connect waited 0.5 s for a body of 60 MB, with a timer 20 ms.
 */
function nextTurn(): Promise<void> {
  return last = last.then(() => new Promise((resolve) => setTimeout(resolve, 0)));
}

/** What long work asks; tests and simulations have their own. */
export type Slices = Pick<SlicedWork, "due" | "letOthersPass">;

/** A piece of long work: asks now and then whether it is to let others pass. */
export class SlicedWork {
  #since = performance.now();

  get due(): boolean {
    return performance.now() - this.#since >= SLICE;
  }

  async letOthersPass(): Promise<void> {
    await nextTurn();
    this.#since = performance.now();
  }
}

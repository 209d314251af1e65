import { RpcError } from "./errors.ts";

/** Another process is about to answer this request, or has begun to: it has, or will have, the data. */
export class Moved extends RpcError {
  /** @param body of the request, which was read already */
  constructor(readonly body: Uint8Array) {
    super("unavailable", "the gateway is being replaced by another process; try again");
  }
}

/**
 * Stands before the gateway: while it is closed no request gets there, and it is known when the last one is back. What a
 * request costs before (its body, its credentials) is none of its concern.
 */
export class Gate {
  #open = true;
  #inside = 0;
  #empty: (() => void) | undefined;

  get isOpen(): boolean {
    return this.#open;
  }

  /**
   * To be called when a request has been read, and before the gateway is asked anything for it; then `leave` when that is over.
   *
   * @throws {Moved} while it is closed
   */
  enter(body: Uint8Array): void {
    if (!this.#open) throw new Moved(body);
    this.#inside++;
  }

  leave(): void {
    if (--this.#inside === 0) this.#empty?.();
  }

  /**
   * Lets no further request in. Resolves when none is inside any more.
   *
   * @param within milliseconds
   * @returns false where that was not so within the time: then it is open again
   */
  async close(within: number): Promise<boolean> {
    this.#open = false;
    if (this.#inside === 0) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#empty = () => resolve(true);
    const late = setTimeout(() => resolve(false), within);
    const empty = await promise;
    clearTimeout(late);
    this.#empty = undefined;
    if (!empty) this.#open = true;
    return empty;
  }

  open(): void {
    this.#open = true;
  }
}

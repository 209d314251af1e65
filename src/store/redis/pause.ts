/** A wait that can be cut short. */
export class Pause {
  #end: (() => void) | undefined;

  /** Resolves after so many milliseconds, or when it is ended. */
  async wait(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    this.#end = resolve;
    await promise;
    this.#end = undefined;
    clearTimeout(timer);
  }

  end(): void {
    this.#end?.();
  }
}

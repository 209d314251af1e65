/** Whatever concerns one key happens one after the other, in the order in which it was asked for. */
export class Turns<Key> {
  readonly #last = new Map<Key, Promise<unknown>>();

  /** @throws what `act` throws; who waits for a turn does not learn of it */
  async take<Result>(key: Key, act: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key);
    const running = before === undefined ? act() : before.then(act);
    const ended = running.catch(() => {});
    this.#last.set(key, ended);
    try {
      return await running;
    } finally {
      if (this.#last.get(key) === ended) this.#last.delete(key);
    }
  }
}

import { RpcError } from "../errors.ts";

/** Calls that may wait for their turn, at most; each is answered with much, and holds what asked for it. */
const WAITING = 16;

/** Lets one call of a dear method be made at a time, in the order in which they came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #there = 0;

  /** @throws {RpcError} `unavailable` where too many wait already */
  async take<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#there > WAITING) {
      throw new RpcError("unavailable", "too many calls of this method wait already; try again later");
    }
    this.#there++;
    const before = this.#last;
    const mine = before.then(run).finally(() => this.#there--);
    this.#last = mine.catch(() => {});
    return await mine;
  }
}

import { StoreError } from "../port.ts";
import type { Session } from "./session.ts";

/**
 * For how long a replica is waited for, in milliseconds. Everything that is committed waits with it, so once it has been in
 * vain the next attempts are short for a while.
 */
const WAIT = 200;
const AGAIN = 2000;
const SHORT_WAIT = 10;

/** The replicas of Redis, one of which is to have what must survive loss of power. */
export class Replicas {
  readonly #session: Session;
  /** Until then they are not waited for as long as it might take. */
  #again = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Resolves when one has all that was committed. @throws {StoreError} where that takes too long */
  async haveAll(): Promise<void> {
    const now = performance.now();
    const wait = now < this.#again ? SHORT_WAIT : WAIT;
    const replicas = await this.#session.call(["WAIT", "1", String(wait)]);
    if (typeof replicas === "number" && replicas > 0) return;
    if (wait === WAIT) this.#again = now + AGAIN;
    throw new StoreError(
      `no replica of Redis has the changes within ${wait} ms, so a loss of power might lose them; see to the replica, ` +
        "or set `replicas` of `store.redis` to false",
    );
  }
}

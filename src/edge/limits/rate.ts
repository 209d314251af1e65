/** What is not used for so long may be used at once, in milliseconds. */
export const BURST = 5000;

/** Names that are told apart in each half of the memory. */
const REMEMBERED = 100_000;

/**
 * Requests a second by name (of a key, a customer or a network), by the generic cell rate algorithm: for each name the one
 * time is kept at which its requests are paid for. Names whose time is over are forgotten by the half: what the older half
 * still has, and nobody asked for since, is over. With more names than {@link REMEMBERED} the older half goes early. Whoever
 * has so many addresses gains by that no more than the burst that each of them has anyway.
 *
 * Why it is written out: `docs/decisions/2026-11-29-rates.md`.
 */
export class Rate {
  /** Milliseconds that one request costs. */
  readonly #cost: number;
  readonly #tolerance: number;
  /** After so long without a request a name is as good as new. */
  readonly #memory: number;
  #accounts = new Map<string, Account>();
  #accountsBefore = new Map<string, Account>();
  #turn = -Infinity;

  /**
   * @param perSecond requests a second, on average; more than 0
   * @param together requests that may come as one, at most: the entries of a batch
   */
  constructor(perSecond: number, together = 1, readonly remembered = REMEMBERED) {
    this.#cost = 1000 / perSecond;
    this.#tolerance = Math.max(0, BURST - this.#cost);
    this.#memory = this.#tolerance + together * this.#cost;
  }

  /** Milliseconds until a request would be admitted; 0 where it is now. */
  wait(name: string, now: number): number {
    const account = this.#accounts.get(name) ?? this.#accountsBefore.get(name);
    return account === undefined ? 0 : this.#waitOf(account, now);
  }

  /** Counts a request that is admitted. @returns what it has to wait for that; 0 where it was */
  admit(name: string, now: number): number {
    const account = this.#account(name, now);
    const wait = this.#waitOf(account, now);
    if (wait === 0) this.#pay(account, 1, now);
    return wait;
  }

  /**
   * Counts requests, be they admitted or not: those that come together are admitted by the first of them. What they cost
   * above what is admitted is bounded by those that may come together, so that nobody is kept out for long.
   */
  count(name: string, requests: number, now: number): void {
    this.#pay(this.#account(name, now), requests, now);
  }

  /** Names that are remembered; those in both halves twice. */
  get size(): number {
    return this.#accounts.size + this.#accountsBefore.size;
  }

  #waitOf({ paid }: Account, now: number): number {
    return Math.max(0, paid - now - this.#tolerance);
  }

  #pay(account: Account, requests: number, now: number): void {
    account.paid = Math.min(Math.max(account.paid, now) + requests * this.#cost, now + this.#memory);
  }

  #account(name: string, now: number): Account {
    if (now >= this.#turn || this.#accounts.size >= this.remembered) {
      this.#accountsBefore = this.#accounts;
      this.#accounts = new Map();
      this.#turn = now + this.#memory;
    }
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    const account = this.#accountsBefore.get(name) ?? { paid: now };
    this.#accounts.set(name, account);
    return account;
  }
}

/** The time until which a name's requests are paid for; an object, so that counting one looks the name up once. */
interface Account {
  paid: number;
}

import { networkOf } from "../../ops/caller_network.ts";
import { RpcError } from "../errors.ts";

/** Wrong passwords of one address that cost nothing yet; a person mistypes. */
const FREE = 5;

/** Delay of the answer to a further one, in milliseconds, doubled each time up to the longest. */
const DELAY = { first: 100, longest: 2000 };

/** Answers of one address that may be delayed at a time; further guesses are refused at once. */
const WAITING = 4;

/** After this long without a wrong password an address is forgotten, in milliseconds. */
const FORGET_AFTER = 600_000;

/** Addresses that are remembered, the newest. */
const ADDRESSES = 10_000;

/** Credentials of one network that are known to be right, at most; one user has several spellings. */
const SPELLINGS = 100;

interface Guesser {
  wrong: number;
  waiting: number;
  last: number;
  /** Until then no password from there is compared, on the monotonic clock. */
  next: number;
}

/**
 * Slows the guessing of passwords down, by address: answers to wrong ones come later and later, and only a few of them
 * are worked on at a time. Where a password is so short that it can be guessed, it is not even compared before the time has
 * come, but for credentials that have been right from that address: servers there go on.
 */
export class Guesses {
  readonly #byAddress = new Map<string, Guesser>();
  /** Credentials that were right, by network. */
  readonly #right = new Map<string, Set<string>>();

  /** @param guessable whether there is a password that can be guessed */
  constructor(readonly guessable: boolean) {}

  /** Seconds after which credentials from there are compared again, where they are not now. */
  pause(caller: string, credentials: string | undefined): number | undefined {
    if (!this.guessable || credentials === undefined) return undefined;
    const network = networkOf(caller);
    const wait = (this.#byAddress.get(network)?.next ?? 0) - performance.now();
    if (wait <= 0 || this.#right.get(network)?.has(credentials)) return undefined;
    return Math.ceil(wait / 1000);
  }

  /** Credentials were right. */
  right(caller: string, credentials: string): void {
    if (!this.guessable) return;
    const network = networkOf(caller);
    const known = this.#right.get(network);
    if (known !== undefined) return void (known.size < SPELLINGS && known.add(credentials));
    this.#right.set(network, new Set([credentials]));
    if (this.#right.size > ADDRESSES) this.#right.delete(this.#right.keys().next().value!);
  }

  /**
   * A password was wrong. Resolves when the answer may go.
   *
   * @returns seconds after which to try again, where there were too many at a time
   */
  async wrong(caller: string): Promise<number | undefined> {
    const guesser = this.#of(caller);
    guesser.wrong++;
    if (guesser.wrong <= FREE) return undefined;
    const delay = Math.min(DELAY.longest, DELAY.first * 2 ** Math.min(20, guesser.wrong - FREE - 1));
    guesser.next = guesser.last + delay;
    if (guesser.waiting >= WAITING) return Math.ceil(delay / 1000);
    guesser.waiting++;
    await new Promise((resolve) => setTimeout(resolve, delay));
    guesser.waiting--;
    return undefined;
  }

  #of(caller: string): Guesser {
    const key = networkOf(caller);
    const now = performance.now();
    let guesser = this.#byAddress.get(key);
    if (guesser === undefined || now - guesser.last > FORGET_AFTER) {
      guesser = { wrong: 0, waiting: 0, last: now, next: 0 };
    }
    guesser.last = now;
    this.#byAddress.delete(key); // re-inserted: the map stays ordered by last use
    this.#byAddress.set(key, guesser);
    if (this.#byAddress.size > ADDRESSES) this.#byAddress.delete(this.#byAddress.keys().next().value!);
    return guesser;
  }
}

/** What a guess is answered with that came while too many others were. */
export const TOO_MANY_GUESSES = new RpcError("tooManyGuesses", "too many wrong passwords from this address");

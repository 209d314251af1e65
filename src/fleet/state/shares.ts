import { ownerOf } from "../unvouched.ts";
import type { Miscounts } from "./miscounts.ts";

/** Bytes of names that one unit of a limit covers; an entry with longer names counts as several. */
const UNIT_BYTES = 256;

/**
 * Counts the entries of a shared table by customer (those that nobody vouches for are one), so that one customer cannot use up
 * what all share. Up to `limit` in all, anybody is admitted. As much again is kept for those who have little: each may have
 * its share of what is left of it, which grows smaller with each that takes some, and never comes to an end (dynamic
 * thresholds, as Choudhury and Hahne give them for switches, 1998). An entry counts by its length, so that the limit bounds
 * memory too.
 */
export class Shares {
  readonly #used = new Map<string, number>();
  #total = 0;

  /**
   * @param limit units that all customers together may have
   * @param share fraction of what is left that each customer is sure of, in (0, 1]
   * @param miscounts told where more is given back than was taken
   */
  constructor(public limit: number, public share: number, readonly miscounts: Miscounts) {}

  /** From now on these hold; whoever has more already keeps it. */
  configure(limit: number, share: number): void {
    this.limit = limit;
    this.share = share;
  }

  /** Whether the customer may have so many units more. */
  admits(customer: string, units: number): boolean {
    const used = this.#used.get(ownerOf(customer)) ?? 0;
    const total = this.#total + units;
    return total <= this.limit || used + units <= (2 * this.limit - total) * this.share;
  }

  add(customer: string, units: number): void {
    const owner = ownerOf(customer);
    this.#used.set(owner, (this.#used.get(owner) ?? 0) + units);
    this.#total += units;
  }

  take(customer: string, units: number): void {
    const owner = ownerOf(customer);
    const used = this.#used.get(owner) ?? 0;
    const left = Math.max(0, used - units);
    if (used < units) {
      const happening = `gives back ${units} units and has ${used}`;
      this.miscounts.tell("a customer's share of a limit", used - units, { customer: owner }, happening);
    }
    if (left > 0) this.#used.set(owner, left);
    else this.#used.delete(owner);
    this.#total -= used - left;
  }

  get total(): number {
    return this.#total;
  }
}

/** Units that an entry with these names counts for: 1, and more where they are long in memory (UTF-16, or Latin-1). */
export function unitsOf(...names: readonly string[]): number {
  let length = 0;
  for (const name of names) length += name.length;
  if (length <= UNIT_BYTES / 2) return 1;
  const bytes = names.every(isLatin1) ? length : 2 * length;
  return Math.ceil(bytes / UNIT_BYTES);
}

function isLatin1(name: string): boolean {
  return /^[\0-\xff]*$/.test(name);
}

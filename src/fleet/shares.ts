/** Bytes of names that one unit of a limit covers; an entry with longer names counts as several. */
const UNIT_BYTES = 256;

/** Share of the customers that nobody vouches for (`unknownCustomers`), however many keys they make: one roof. */
const DEMO = "demo_";

/**
 * Counts the entries of a shared table by customer, so that one customer cannot use up what all share. One customer
 * may have up to `limit`; one that is within its share is admitted even when others have filled the table, up to
 * twice the limit in all. An entry counts by its length, so that the limit bounds memory too.
 */
export class Shares {
  readonly #used = new Map<string, number>();
  #total = 0;

  /**
   * @param limit units that all customers together may have
   * @param share fraction of the limit that each customer is sure of, in (0, 1]
   */
  constructor(readonly limit: number, readonly share: number) {}

  /** Whether the customer may have so many units more. */
  admits(customer: string, units: number): boolean {
    const its = this.#used.get(ownerOf(customer)) ?? 0;
    const total = this.#total + units;
    return total <= (its + units <= this.share * this.limit ? 2 * this.limit : this.limit);
  }

  add(customer: string, units: number): void {
    const owner = ownerOf(customer);
    this.#used.set(owner, (this.#used.get(owner) ?? 0) + units);
    this.#total += units;
  }

  take(customer: string, units: number): void {
    const owner = ownerOf(customer);
    const left = this.#used.get(owner)! - units;
    if (left > 0) this.#used.set(owner, left);
    else this.#used.delete(owner);
    this.#total -= units;
  }

  get total(): number {
    return this.#total;
  }
}

/** Units that an entry with these names counts for: 1, and more where they are long. */
export function unitsOf(...names: readonly string[]): number {
  let length = 0;
  for (const name of names) length += name.length;
  return length <= UNIT_BYTES ? 1 : Math.ceil(length / UNIT_BYTES);
}

function ownerOf(customer: string): string {
  return customer.startsWith(DEMO) ? DEMO : customer;
}

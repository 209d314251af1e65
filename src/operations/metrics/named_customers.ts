/** What customers are called together that have no metrics of their own. */
export const OTHERS = "(others)";

/** Customers of `unknownCustomers` begin so; whoever makes a key makes one, so they count as one. */
const UNKNOWN = "demo_";
export const ALL_UNKNOWN = "demo_*";

/** Longest name of a customer in a label, in characters. */
const LONGEST = 100;

/**
 * The customers that have metrics of their own: at most so many, the first that are seen, since a name that came and went
 * would break its series.
 */
export class NamedCustomers {
  readonly #names = new Map<string, string>();

  constructor(readonly limit: number) {}

  /** Forgets those that are not there any more, so that others get their place. */
  keep(customers: ReadonlySet<string>): void {
    for (const customer of this.#names.keys()) if (!customers.has(customer)) this.#names.delete(customer);
  }

  /** The name of a customer in a label. */
  nameOf(customer: string): string {
    if (customer.startsWith(UNKNOWN)) return ALL_UNKNOWN;
    const known = this.#names.get(customer);
    if (known !== undefined) return known;
    if (this.#names.size >= this.limit) return OTHERS;
    const name = customer.length <= LONGEST ? customer : `${customer.slice(0, LONGEST)}…`;
    this.#names.set(customer, name);
    return name;
  }
}

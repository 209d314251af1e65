import { createHash } from "node:crypto";
import { isUnvouched } from "../../fleet/mod.ts";

/** What customers are called together that have no metrics of their own. */
export const OTHERS = "(others)";

/** What customers of `unknownCustomers` are called together: whoever makes a key makes one. */
export const UNVOUCHED = "demo_*";

/** Longest name of a customer in a label, in characters, and digits of the number that tells longer ones apart. */
const LONGEST = 100;
const DIGITS = 16;

/** A customer's name as a label has it: another for each, and none that several customers have together. */
export function labelOf(customer: string): string {
  if (customer.length <= LONGEST && !customer.startsWith(OTHERS)) return customer;
  const number = createHash("sha256").update(customer).digest("hex").slice(0, DIGITS);
  return `${customer.slice(0, LONGEST).toWellFormed()}…${number}`;
}

/**
 * The customers that counters tell one by one: at most so many, the first that are seen, since counters never go back. The
 * rest are counted together.
 */
export class NamedCustomers {
  readonly #labels = new Map<string, string>();

  constructor(readonly limit: number) {}

  labelOf(customer: string): string {
    if (isUnvouched(customer)) return UNVOUCHED;
    const known = this.#labels.get(customer);
    if (known !== undefined) return known;
    if (this.#labels.size >= this.limit) return OTHERS;
    const label = labelOf(customer);
    this.#labels.set(customer, label);
    return label;
  }
}

import type { CustomerEvents } from "../customers/customers.ts";
import { log } from "../ops/log.ts";

/** Logs what becomes of the list of customers. */
export class CustomerLog implements CustomerEvents {
  /** What was odd, while somebody wants to know. */
  #warnings: string[] | undefined;
  /** Why the list could not be refreshed the last time; nothing where it could. */
  notRefreshed: string | undefined;

  loaded(customers: number, keys: number): void {
    this.notRefreshed = undefined;
    log.debug("{customers} customers with {keys} keys", { customers, keys });
  }

  unchanged(): void {
    this.notRefreshed = undefined;
  }

  kept(reason: string): void {
    this.notRefreshed = reason;
    log.warning("the customers stay as they are: {reason}", { reason });
    this.#warnings?.push(`the customers stay as they are: ${reason}`);
  }

  broken({ entry, reason }: Parameters<CustomerEvents["broken"]>[0]): void {
    log.warning("{entry} is skipped: {reason}", { entry, reason });
    this.#warnings?.push(`${entry} is skipped: ${reason}`);
  }

  /** @returns what was odd while the action ran, as it was logged */
  async during(act: () => Promise<void>): Promise<readonly string[]> {
    const warnings: string[] = this.#warnings = [];
    try {
      await act();
    } finally {
      if (this.#warnings === warnings) this.#warnings = undefined; // a later action may want to know by now
    }
    return warnings;
  }

  /** @returns what was odd while the action ran, up to where it waits for something */
  atOnce(act: () => void): readonly string[] {
    const before = this.#warnings;
    const warnings: string[] = this.#warnings = [];
    try {
      act();
    } finally {
      this.#warnings = before;
    }
    return warnings;
  }
}

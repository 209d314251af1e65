import type { Customer, KeyRing } from "../../../tokens/mod.ts";

/** The customers that there are. */
export interface CustomerList {
  /** By id; replaced as a whole when the list changes. */
  readonly byId: ReadonlyMap<string, Customer>;
  readonly ring: KeyRing;
}

/** What the methods for operators know besides the gateway itself. */
export interface AdminFacts {
  readonly customers: CustomerList;
  /** The configuration in force, as people may see it. */
  readonly shownConfig: () => Readonly<Record<string, unknown>>;
  readonly version: string;
  /** Unix time in milliseconds. */
  readonly startedAt: number;
  /** Days until the certificate ends; nothing where there is none. */
  readonly certificateDaysLeft: () => number | undefined;
  /** Why the list of customers could not be refreshed the last time; nothing where it could. */
  readonly customersNotRefreshed: () => string | undefined;
  /** Expected load above which a server gets a new room only if all others would be above it too. */
  readonly ceiling: () => number;
}

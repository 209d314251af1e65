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
}

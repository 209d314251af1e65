import { createHmac } from "node:crypto";
import type { CustomerMemory } from "../customers/customers.ts";
import { log } from "../ops/log.ts";
import { type Store, StoreError } from "../store/port.ts";

/** Name of the fingerprint of the master key in the store. */
const MASTER_KEY = "master-key";

/** Name of the last good list of customers in the store. */
const CUSTOMERS = "customers";

/** The names of all that stays right in another store. */
export const KEPT_TEXTS: readonly string[] = [MASTER_KEY, CUSTOMERS];

/** Servers' keys hang on the master key: with another one, every server needs its configuration anew. */
export async function checkMasterKey(store: Store, masterKey: string): Promise<void> {
  const fingerprint = createHmac("sha256", Buffer.from(masterKey, "base64")).update("master key").digest(
    "hex",
  );
  const before = await store.value(MASTER_KEY);
  if (before === fingerprint) return;
  if (before !== undefined) {
    log.warning(
      "THE MASTER KEY IS ANOTHER than before on this data folder: tokens that this gateway gives out are refused by every " +
        "server until it has been restarted and so got its configuration anew",
    );
  }
  await keep(store, MASTER_KEY, fingerprint, "the fingerprint of the master key");
}

/** Keeps the last good list of customers in the store, which is another one after it was given up and taken back. */
export function customerMemory(store: () => Store): CustomerMemory {
  return {
    recall: () => store().value(CUSTOMERS),
    remember: (list) => keep(store(), CUSTOMERS, list, "the list of customers"),
  };
}

/** @returns whether it is kept; if not, the log says so */
async function keep(store: Store, name: string, text: string, what: string): Promise<boolean> {
  try {
    await store.setValue(name, text);
    return true;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    log.error("{what} cannot be kept: {message}", { what, message: error.message });
    return false;
  }
}

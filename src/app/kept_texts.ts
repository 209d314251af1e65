import { createHmac } from "node:crypto";
import type { CustomerMemory } from "../customers/customers.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { asStoreError, orNothing } from "../gateway/store_error.ts";
import { log } from "../ops/log.ts";
import type { Store } from "../store/port.ts";

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

/**
 * Keeps the last good list of customers in the gateway's store. Where several gateways share that, one of them fetches the
 * list for all; while the store cannot say which, each does so for itself.
 */
export function customerMemory(gateway: Gateway): CustomerMemory {
  return {
    async recall() {
      try {
        return await gateway.store.value(CUSTOMERS);
      } catch (error) {
        log.error("the list of customers that was kept cannot be read: {message}", {
          message: asStoreError(error).message,
        });
        return undefined;
      }
    },
    async remember(list) {
      const isKept = await keep(gateway.store, CUSTOMERS, list, "the list of customers");
      if (isKept) gateway.tellOfCustomers();
      return isKept;
    },
    async leads(lifetime, takes) {
      const { shared } = gateway.store;
      return shared === undefined || (await orNothing(shared.lead(CUSTOMERS, lifetime, takes)) ?? true);
    },
    async resign() {
      const { shared } = gateway.store;
      if (shared !== undefined) await orNothing(shared.resign(CUSTOMERS));
    },
  };
}

/** @returns whether it is kept; if not, the log says so */
async function keep(store: Store, name: string, text: string, what: string): Promise<boolean> {
  try {
    await store.setValue(name, text);
    return true;
  } catch (error) {
    log.error("{what} cannot be kept: {message}", { what, message: asStoreError(error).message });
    return false;
  }
}

import { createHmac } from "node:crypto";
import type { CustomerMemory, KeptList } from "../customers/customers.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { ROOM_COST } from "../gateway/kept_estimates.ts";
import { asStoreError, orNothing } from "../gateway/store_error.ts";
import { log } from "../ops/log.ts";
import { leads } from "./lead.ts";
import type { SharedStore, Store } from "../store/port.ts";

/** Name of the fingerprint of the master key in the store. */
const MASTER_KEY = "master-key";

/** Name of the last good list of customers in the store. */
const CUSTOMERS = "customers";

/** The names of all that stays right in another store. */
export const KEPT_TEXTS: readonly string[] = [MASTER_KEY, CUSTOMERS, ROOM_COST];

/** Servers' keys hang on the master key: with another one, every server needs its configuration anew. */
export async function checkMasterKey(store: Store, masterKey: string): Promise<void> {
  const fingerprint = fingerprintOf(masterKey);
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

/** Puts the fingerprint of the master key in again, where a store that several gateways share has lost it. Never throws. */
export async function restoreMasterKey(store: Store, masterKey: string): Promise<void> {
  if (store.shared === undefined) return;
  const fingerprint = fingerprintOf(masterKey);
  if (await orNothing(store.value(MASTER_KEY)) === fingerprint) return;
  await keep(store, MASTER_KEY, fingerprint, "the fingerprint of the master key");
}

/**
 * Keeps the last good list of customers in the gateway's store. Where several gateways share that, one of them fetches the
 * list for all; while the store cannot say which, each does so for itself. Of two lists the one that was fetched later stays.
 */
export function customerMemory(gateway: Gateway): CustomerMemory {
  let own: string | undefined;
  const isUsable = () => gateway.condition.storable;
  /** In a store of one's own there is never a newer one. */
  const recallOwn = async (): Promise<KeptList | undefined> => {
    const list = await gateway.store.value(CUSTOMERS);
    own = list;
    return list === undefined ? undefined : { list, fetched: 0 };
  };
  const rememberOwn = async (list: string): Promise<boolean> => {
    if (list !== own && !await keep(gateway.store, CUSTOMERS, list, "the list of customers")) return false;
    own = list;
    return true;
  };
  const rememberShared = async (shared: SharedStore, { list, fetched }: KeptList): Promise<boolean> => {
    const outcome = await shared.keepNewest(CUSTOMERS, { text: list, made: fetched });
    if (outcome === "put in") gateway.tellOfCustomers();
    return outcome !== "outdated";
  };
  return {
    get now() {
      return gateway.store.shared?.unixTime ?? Date.now();
    },
    async recall(than) {
      const { shared } = gateway.store;
      try {
        if (shared === undefined) return than < 0 ? await recallOwn() : undefined;
        const kept = await shared.newest(CUSTOMERS, than);
        return kept && { list: kept.text, fetched: kept.made };
      } catch (error) {
        const { message } = asStoreError(error);
        // While the store is away the log says so already.
        if (isUsable()) {
          log.error("the list of customers that was kept cannot be read: {message}", { message });
        }
        return undefined;
      }
    },
    async remember(list) {
      const { shared } = gateway.store;
      if (shared === undefined) return await rememberOwn(list.list);
      try {
        return await rememberShared(shared, list);
      } catch (error) {
        if (isUsable()) notKept("the list of customers", error);
        else asStoreError(error);
        return false;
      }
    },
    leads: (lifetime, takes) => leads(gateway.store, CUSTOMERS, lifetime, takes),
    async resign() {
      const { shared } = gateway.store;
      if (shared !== undefined) await orNothing(shared.resign(CUSTOMERS));
    },
  };
}

/** Tells a master key from others, and nothing about it. */
function fingerprintOf(masterKey: string): string {
  return createHmac("sha256", Buffer.from(masterKey, "base64")).update("master key").digest("hex");
}

/** @returns whether it is kept; if not, the log says so */
async function keep(store: Store, name: string, text: string, what: string): Promise<boolean> {
  try {
    await store.setValue(name, text);
    return true;
  } catch (error) {
    notKept(what, error);
    return false;
  }
}

function notKept(what: string, error: unknown): void {
  log.error("{what} cannot be kept: {message}", { what, message: asStoreError(error).message });
}

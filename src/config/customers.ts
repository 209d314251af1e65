import { type BrokenKey, createKeyRing, type KeyRing } from "../tokens/mod.ts";
import { type BrokenEntry, configuredPools, parseCustomers, type Settings } from "./schema.ts";

/** What becomes of the list of customers, for the log. */
export interface CustomerEvents {
  loaded(customers: number, keys: number): void;
  /** The list could not be refreshed; the last good one stays. */
  kept(reason: string): void;
  broken(entry: BrokenEntry): void;
}

/** Where the last good list of the customer API outlives the process. */
export interface CustomerMemory {
  recall(): string | undefined;
  /** @returns whether it was kept */
  remember(list: string): boolean;
}

/**
 * The customers' keys, from the configuration or from the operator's customer API. A refresh that fails or comes
 * back empty keeps the last good list: no failure ever opens or closes the gateway.
 */
export class Customers {
  ring: KeyRing = new Map();
  /** The pools of customers that are bound to some. */
  pools: ReadonlyMap<string, readonly string[]> = new Map();
  /** Whether a list has been loaded at all. */
  loaded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #remembered: string | undefined;

  constructor(
    readonly settings: Pick<Settings, "customers" | "customerApi" | "sfuPools">,
    readonly events: CustomerEvents,
    readonly memory?: CustomerMemory,
  ) {
    if (settings.customerApi === undefined) this.#take(settings.customers ?? []);
    else this.#recall();
  }

  /** Asks the customer API now and then on its interval. Resolves after the first answer. */
  async start(): Promise<void> {
    const api = this.settings.customerApi;
    if (api === undefined) return;
    await this.refresh();
    if (!this.#stopped) this.#timer = setTimeout(() => this.start(), api.updateInterval * 1000);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Asks the customer API once. Never throws. */
  async refresh(): Promise<void> {
    const api = this.settings.customerApi!;
    const timeout = Math.max(10, api.updateInterval) * 1000;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${timeout / 1000} s`)), timeout);
      });
      this.#take(await Promise.race([api.updateFunction(), late]));
    } catch (error) {
      this.events.kept(
        `customerApi.updateFunction: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  /** Starts with the last good list, in case the customer API is down. */
  #recall(): void {
    const remembered = this.memory?.recall();
    if (remembered !== undefined) {
      this.#remembered = remembered;
      this.#take(JSON.parse(remembered, (_key, value) => value === "Infinity" ? Infinity : value));
    }
  }

  #take(list: unknown): void {
    const { customers, broken } = parseCustomers(list);
    const { ring, broken: brokenKeys } = createKeyRing(customers);
    for (const entry of [...broken, ...brokenKeys.map(asEntry)]) this.events.broken(entry);
    const available = configuredPools(this.settings).names;
    for (const { id, pools = [], accessKeys } of customers) {
      for (const pool of new Set([...pools, ...accessKeys.flatMap((key) => key.pools ?? [])])) {
        if (available.includes(pool)) continue;
        this.events.broken({ entry: `pool "${pool}" of customer "${id}"`, reason: "there is no such pool" });
      }
    }
    const fromApi = this.settings.customerApi !== undefined;
    if (fromApi && ring.size === 0) {
      this.events.kept("the list has no usable customer");
      return;
    }
    this.ring = ring;
    this.pools = new Map(customers.flatMap(({ id, pools }) => pools === undefined ? [] : [[id, pools]]));
    this.loaded = true;
    this.events.loaded(customers.length, ring.size);
    if (!fromApi) return;
    const text = JSON.stringify(customers, (_key, value) => value === Infinity ? "Infinity" : value);
    if (text !== this.#remembered && this.memory?.remember(text)) this.#remembered = text;
  }
}

/** The limits of customers that are not in the list, where the configuration lets such in at all. */
export function unknownCustomers({ unknownCustomers }: Settings) {
  return unknownCustomers === "forbidden" ? undefined : unknownCustomers;
}

function asEntry({ customer, kid, reason }: BrokenKey): BrokenEntry {
  return { entry: `customer "${customer}", key ${kid}`, reason };
}

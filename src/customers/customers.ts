import { messageOf } from "../error_message.ts";
import { StartError } from "../start_error.ts";
import { SlicedWork } from "../sliced_work.ts";
import { type BrokenKey, createKeyRing, type Customer, type KeyRing } from "../tokens/mod.ts";
import { explainPermission } from "../config/permission.ts";
import { configuredPools, type Settings } from "../config/schema.ts";
import { type BrokenEntry, parseCustomer } from "../config/customer_entry.ts";

/** Where the customers come from, the pools that there are, and whether others are let in too. */
export type CustomerSettings = Pick<
  Settings,
  "customers" | "customerApi" | "sfuPools" | "unknownCustomers"
>;

/** What becomes of the list of customers, for the log. */
export interface CustomerEvents {
  loaded(customers: number, keys: number): void;
  /** The list was refreshed, and is the same as before. */
  unchanged?(): void;
  /** The list could not be refreshed; the last good one stays. */
  kept(reason: string): void;
  broken(entry: BrokenEntry): void;
}

/** A list of the customer API as it is kept. */
export interface KeptList {
  /** Its customers, as JSON. */
  readonly list: string;
  /** When it was fetched, by the memory's time; 0 where that is not known, which is older than all others. */
  readonly fetched: number;
}

/** Where the last good list of the customer API outlives the process; several gateways may share it. */
export interface CustomerMemory {
  /** Unix time in milliseconds, the same for all that share the memory. */
  readonly now: number;
  /** The list that is kept, where it is newer than one that was fetched then; -1 for any. */
  recall(than: number): Promise<KeptList | undefined>;
  /**
   * Keeps a list, unless a newer one is kept; the others that share the memory are told then. Costs next to nothing where it
   * is kept already.
   *
   * @returns whether it is the one that is kept now
   */
  remember(list: KeptList): Promise<boolean>;
  /**
   * Whether it is this gateway that asks the customer API, for all that share the memory: then for so many milliseconds, and
   * until it resigns.
   *
   * @param takes whether it takes that from another one
   */
  leads(lifetime: number, takes: boolean): Promise<boolean>;
  /** Another one may ask. */
  resign(): Promise<void>;
}

/** A gateway that asks for all is taken to be stuck after so many times the time that an answer may take. */
const LEADS_FOR = 3;

/**
 * The customers' keys, from the configuration or from the operator's customer API. A refresh that fails or comes
 * back empty keeps the last good list: no failure ever opens or closes the gateway.
 */
export class Customers {
  ring: KeyRing = new Map();
  /** The customers of the list, with their keys as they came. Of several entries with one id, the first has all keys. */
  byId: ReadonlyMap<string, Customer> = new Map();
  /** The pools of customers that are bound to some. */
  pools: ReadonlyMap<string, readonly string[]> = new Map();
  /** Whether a list has been loaded at all. */
  loaded = false;
  /** Customers in the list that is in force. */
  count = 0;
  #settings: CustomerSettings;
  /** Whose answers count: those to questions of an earlier configuration are late. */
  #round = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  /** The entries of the last good list as they came, as JSON. */
  #entries: readonly string[] | undefined;
  /** The list that is in force, as it is kept where the memory has not lost it; nothing where it is not the customer API's. */
  #own: KeptList | undefined;
  /** When the newest list was fetched that was ever seen: those that are fetched from now on are newer. */
  #newest = 0;
  /** Lists are taken over one after the other. */
  #taking: Promise<void> = Promise.resolve();

  constructor(
    settings: CustomerSettings,
    readonly events: CustomerEvents,
    readonly memory?: CustomerMemory,
  ) {
    this.#settings = settings;
  }

  /** Loads the configured list, or the last good one of the customer API, in case that is down. */
  async load(): Promise<void> {
    if (this.#settings.customerApi === undefined) await this.#take(this.#settings.customers ?? []);
    else await this.take();
  }

  /**
   * Asks the customer API now and then on its interval. Resolves after the first answer. Where another gateway asks it for all,
   * the list of that one is taken.
   *
   * @param itself whether this gateway asks in any case
   */
  async start(itself = false): Promise<void> {
    const api = this.#settings.customerApi;
    if (api === undefined) return;
    const round = this.#round;
    const isOver = () => this.#stopped || round !== this.#round;
    const leads = await this.#leads(itself);
    if (!leads) await this.take();
    if (!isOver() && (leads || !this.loaded)) await this.refresh();
    if (isOver()) return;
    this.#timer = setTimeout(() => this.start(), api.updateInterval * 1000);
  }

  /**
   * Reads the list of another configuration, to be in force once the answer is called. A customer API is asked for the first
   * time then; until its answer the list before stays.
   *
   * @returns resolves after the first answer of the customer API, if there is one
   * @throws {StartError} where nobody could connect any more who can now: as a customer API's, such a list is a mistake
   */
  async prepare(settings: CustomerSettings): Promise<() => Promise<void>> {
    const list = settings.customerApi === undefined
      ? await readList(settings.customers ?? [], settings)
      : undefined;
    if (list !== undefined && list.ring.size === 0 && this.ring.size > 0 && !admitsUnknown(settings)) {
      throw new StartError(nobodyLeft(list));
    }
    return async () => {
      clearTimeout(this.#timer);
      this.#round++;
      this.#settings = settings;
      this.#entries = undefined;
      if (list === undefined) return await this.start(true);
      this.#own = undefined;
      this.#tell(list.broken);
      this.#adopt(list);
    };
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Goes on after `stop`. */
  resume(): void {
    this.#stopped = false;
    void this.start();
  }

  /** Asks the customer API once. Never throws. */
  async refresh(): Promise<void> {
    const api = this.#settings.customerApi!;
    const round = this.#round;
    const timeout = this.#timeout;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${timeout / 1000} s`)), timeout);
      });
      const list = await Promise.race([api.updateFunction(), late]);
      await this.#inTurn(async () => {
        if (round !== this.#round) return;
        // Another gateway may have asked later, and had its answer since.
        if (this.loaded && !await this.#leads()) await this.#recall();
        else await this.#take(list);
      });
    } catch (error) {
      if (round !== this.#round) return;
      await this.memory?.resign(); // another gateway may be luckier
      // Of an answer that is not JSON the runtime quotes a part, with whatever secrets are in it.
      const message = error instanceof SyntaxError
        ? "the answer is not JSON"
        : error instanceof Error
        ? error.message
        : String(error);
      this.events.kept(`customerApi.updateFunction: ${explainPermission(message)}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes over the list that is kept, where the customers are those of a customer API. Never throws. */
  take(): Promise<void> {
    return this.#inTurn(() => this.#recall());
  }

  /** @param itself whether this gateway asks the customer API in any case from now on */
  async #leads(itself = false): Promise<boolean> {
    const lifetime = LEADS_FOR * this.#timeout;
    return await this.memory?.leads(lifetime, itself) ?? true;
  }

  /** How long the customer API may take to answer, in milliseconds. */
  get #timeout(): number {
    return Math.max(10, this.#settings.customerApi?.updateInterval ?? 0) * 1000;
  }

  #inTurn(take: () => Promise<void>): Promise<void> {
    const taking = this.#taking.then(take);
    this.#taking = taking.catch(() => {});
    return taking;
  }

  /** Takes over a newer list where one is kept; where an older one or none is, it is this gateway's that is to be kept. */
  async #recall(): Promise<void> {
    if (this.#settings.customerApi === undefined) return;
    const kept = await this.memory?.recall(this.#own?.fetched ?? -1);
    if (kept === undefined) {
      if (await this.#remember()) this.events.unchanged?.();
      return;
    }
    this.#newest = Math.max(this.#newest, kept.fetched);
    try {
      await this.#take(JSON.parse(kept.list), kept);
    } catch (error) {
      this.events.kept(
        `the list that was kept cannot be read: ${messageOf(error)}`,
      );
    }
  }

  /** @returns whether the list that is in force is the one that is kept */
  async #remember(): Promise<boolean> {
    return this.#own !== undefined && await this.memory?.remember(this.#own) === true;
  }

  /**
   * Takes a list over, in slices that let calls pass; one that is the same as before costs no more than a look.
   *
   * @param kept the list as it is kept, where it comes from there
   */
  async #take(given: unknown, kept?: KeptList): Promise<void> {
    const round = this.#round;
    const entries = Array.isArray(given) ? await asJson(given) : undefined;
    if (this.loaded && entries !== undefined && isSame(entries, this.#entries)) {
      if (kept !== undefined) this.#own = kept;
      else await this.#remember(); // which may have been lost
      return this.events.unchanged?.();
    }
    const list = await readList(given, this.#settings);
    const fromApi = this.#settings.customerApi !== undefined;
    const text = fromApi ? kept?.list ?? `[${(await asJson(list.customers) ?? []).join()}]` : undefined;
    if (this.#stopped || round !== this.#round) return;
    this.#tell(list.broken);
    if (fromApi && list.ring.size === 0) {
      this.events.kept("the list has no usable customer");
      return;
    }
    this.#adopt(list);
    this.#entries = entries;
    if (text === undefined) return;
    const own = kept ?? (text === this.#own?.list ? this.#own : { list: text, fetched: this.#timeOfNew() });
    this.#own = own;
    this.#newest = Math.max(this.#newest, own.fetched);
    if (kept === undefined) await this.#remember(); // if not now, then at the next look
  }

  /** When a list was fetched that has just come: later than all that came before, whatever clocks say. */
  #timeOfNew(): number {
    return Math.max(Math.floor(this.memory?.now ?? 0), this.#newest + 1);
  }

  #adopt({ customers, ring }: CustomerList): void {
    this.ring = ring;
    this.byId = sameIdsMerged(customers);
    this.pools = new Map(customers.flatMap(({ id, pools }) => pools === undefined ? [] : [[id, pools]]));
    this.count = customers.length;
    this.loaded = true;
    this.events.loaded(customers.length, ring.size);
  }

  /** Names the first of the entries that cannot be used, and the number of the rest. */
  #tell(broken: readonly BrokenEntry[]): void {
    for (const entry of broken.slice(0, NAMED)) this.events.broken(entry);
    const rest = broken.length - NAMED;
    if (rest > 0) this.events.broken({ entry: `and ${rest} more`, reason: "for reasons like these" });
  }
}

/** That nobody could connect with this list, and why. */
function nobodyLeft({ broken: [first] }: CustomerList): string {
  const why = first === undefined ? "there are none" : `none can be used (${first.entry}: ${first.reason})`;
  return `customers: ${why}, so nobody could connect any more; if that is meant, restart the gateway`;
}

function admitsUnknown({ unknownCustomers }: Pick<Settings, "unknownCustomers">): boolean {
  return unknownCustomers !== "forbidden";
}

/** A list of customers that was read. */
interface CustomerList {
  readonly customers: readonly Customer[];
  readonly ring: KeyRing;
  readonly broken: readonly BrokenEntry[];
}

/** Reads a list, in slices that let calls pass. */
async function readList(given: unknown, settings: CustomerSettings): Promise<CustomerList> {
  const customers: Customer[] = [];
  const broken: BrokenEntry[] = [];
  if (!Array.isArray(given)) broken.push({ entry: "customers", reason: "expected an array of customers" });
  const list: readonly unknown[] = Array.isArray(given) ? given : [];
  const work = new SlicedWork();
  for (const [i, entry] of list.entries()) {
    if (work.due) await work.letOthersPass();
    const customer = parseCustomer(entry, `customers[${i}]`, broken);
    if (customer !== undefined) customers.push(customer);
  }
  const { ring, broken: brokenKeys } = await createKeyRing(customers);
  broken.push(...brokenKeys.map(asEntry), ...missingPools(customers, configuredPools(settings).names));
  return { customers, ring, broken };
}

function sameIdsMerged(customers: readonly Customer[]): Map<string, Customer> {
  const byId = new Map<string, Customer>();
  for (const customer of customers) {
    const first = byId.get(customer.id);
    byId.set(
      customer.id,
      first === undefined
        ? customer
        : { ...first, accessKeys: [...first.accessKeys, ...customer.accessKeys] },
    );
  }
  return byId;
}

/** Entries that are named one by one when they cannot be used. */
const NAMED = 50;

/** The entries as JSON, in slices; nothing where one has none, as what refers to itself: then lists cannot be compared. */
async function asJson(list: readonly unknown[]): Promise<string[] | undefined> {
  const texts: string[] = [];
  const work = new SlicedWork();
  for (const entry of list) {
    if (work.due) await work.letOthersPass();
    try {
      texts.push(JSON.stringify(entry, finiteOrText) ?? "null");
    } catch {
      return undefined;
    }
  }
  return texts;
}

/** JSON has no Infinity, and would make null of it. */
function finiteOrText(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** Pools that customers or their keys are bound to, and that there are none of. */
function missingPools(customers: readonly Customer[], available: readonly string[]): BrokenEntry[] {
  return customers.flatMap(({ id, pools = [], accessKeys }) =>
    [...new Set([...pools, ...accessKeys.flatMap((key) => key.pools ?? [])])]
      .filter((pool) => !available.includes(pool))
      .map((pool) => ({ entry: `pool "${pool}" of customer "${id}"`, reason: "there is no such pool" }))
  );
}

function isSame(entries: readonly string[], before: readonly string[] | undefined): boolean {
  return before !== undefined && entries.length === before.length &&
    entries.every((entry, i) => entry === before[i]);
}

/** The limits of customers that are not in the list, where the configuration lets such in at all. */
export function unknownCustomers({ unknownCustomers }: Settings) {
  return unknownCustomers === "forbidden" ? undefined : unknownCustomers;
}

function asEntry({ customer, kid, reason }: BrokenKey): BrokenEntry {
  return { entry: `customer "${customer}", key ${kid}`, reason };
}

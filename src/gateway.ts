import * as fleet from "./fleet/mod.ts";
import type {
  Address,
  Change,
  ConnectInput,
  ConnectOutcome,
  Explanation,
  FleetSettings,
  KindInfo,
  ManagementInput,
  ManagementOutcome,
  Milliseconds,
  Plan,
  Report,
  RoomId,
  RoomInfo,
  ServerInfo,
  Task,
} from "./fleet/mod.ts";
import { type Store, StoreError, type StoreOptions } from "./store/store.ts";

/** How often the life cycle of servers, grants and rooms is looked at. */
const TICK: Milliseconds = 250;

/** Tasks for a server in an answer that is about to be sent. */
export interface Delivery {
  readonly tasks: readonly Task[];
  /** To be called once: whether the answer was fully sent. */
  readonly settle: (sent: boolean) => void;
}

/** A server as the gateway shows it: times are unix time in milliseconds. */
export type ShownServer = ServerInfo;

/** Where a room is and, where that is remembered, why; times are unix time in milliseconds. */
export interface ShownExplanation {
  readonly server: Address;
  readonly group: string;
  readonly explanation: Explanation | undefined;
}

/** A change that could not be made durable refuses the call that depends on it. */
export type NotDurable = { readonly granted: false; readonly reason: "not-durable" };

/** While the store fails, it is tried again so often. */
const STORE_RETRY: Milliseconds = 1000;

/** Who wants to know what placement sees. */
export interface Recorder {
  granted(input: ConnectInput, at: Milliseconds): void;
  reported(report: Report, at: Milliseconds): void;
}

/** What the shell needs besides the fleet's settings. */
export interface GatewayOptions {
  /** Opens the store; the clock is the gateway's own. */
  readonly openStore: (options: StoreOptions) => Store;
  /** With an empty store: wait for servers to report before rooms that are not known are placed. */
  readonly waitForReports: boolean;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => Milliseconds;
  /** Unix time in milliseconds. */
  readonly unixTime?: () => number;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** Told of every grant and report. */
  readonly recorder?: Recorder | undefined;
  /** The store cannot be written, or can be again. */
  readonly storeFailed?: (error: StoreError) => void;
  readonly storeRecovered?: () => void;
}

/**
 * The shell around the pure fleet: runs one named operation at a time, tells its changes to whoever listens, and
 * then answers. What crosses it is plain data, one message each way a call, so that callers may live on another
 * thread one day.
 */
export class Gateway {
  readonly store: Store;
  readonly #model: fleet.Model;
  readonly #listeners: ((change: Change) => void)[] = [];
  readonly #options: GatewayOptions;
  readonly #now: () => Milliseconds;
  readonly #unixTime: () => number;
  readonly #random: () => number;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #retrying: ReturnType<typeof setInterval> | undefined;

  /** @throws {StoreError} where the store cannot be opened */
  constructor(settings: FleetSettings, options: GatewayOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => Math.floor(performance.now()));
    this.#unixTime = options.unixTime ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.store = options.openStore({
      now: this.#now,
      unixTime: this.#unixTime,
      stored: (changes) => fleet.settle(this.#model, changes),
      overruled: (placements) => placements.forEach((placement) => fleet.yieldGroup(this.#model, placement)),
      others: (changes) => {
        fleet.follow(this.#model, changes, this.#now());
        this.#tell(changes);
      },
      failed: (error) => this.#storeFailed(error),
    });
    this.#model = fleet.createModel(settings);
    fleet.restore(this.#model, this.store.load(), this.#now());
    if (options.waitForReports && this.#model.servers.size === 0) {
      this.#model.learningUntil = this.#now() + settings.updateInterval;
    }
  }

  /** The servers that are known, for whoever keeps something for each. */
  get servers(): Address[] {
    return Array.from(this.#model.servers, ({ address }) => address);
  }

  start(): void {
    this.#ticking = setInterval(() => this.#soon(fleet.tick(this.#model, this.#now())), TICK);
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticking);
    clearInterval(this.#retrying);
    await this.store.close();
  }

  /** Calls the listener with every change, after it is made. */
  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  async connect(input: ConnectInput): Promise<ConnectOutcome | NotDurable> {
    const now = this.#now();
    const { outcome, changes } = fleet.connect(this.#model, input, now, this.#random);
    this.#tell(changes);
    if (outcome.granted) this.#options.recorder?.granted(input, now);
    if (!outcome.granted || (outcome.durable && changes.length === 0)) return outcome;
    if (!await this.#durable(changes)) return { granted: false, reason: "not-durable" };
    // Where another gateway was first to place the group, the grant is for the server that it chose.
    const holder = fleet.holder(this.#model, input.namespace, input.rooms[0]!);
    return holder === outcome.server ? outcome : await this.connect(input);
  }

  async manage(input: ManagementInput): Promise<ManagementOutcome | "not-durable"> {
    const { outcome, changes } = fleet.manage(this.#model, input, this.#now());
    this.#tell(changes);
    if (changes.length === 0 || await this.#durable(changes)) return outcome;
    fleet.withdrawTasks(this.#model, changes);
    return "not-durable";
  }

  /** Changes what is wanted of a server; a deadline is in milliseconds from now. */
  async plan(
    address: Address,
    wanted: { readonly weight: number } | { readonly draining: boolean; readonly within?: Milliseconds },
  ): Promise<"accepted" | "no-server" | "not-durable"> {
    const { before, changes } = fleet.plan(this.#model, address, this.#planOf(wanted));
    if (before === undefined) return "no-server";
    this.#tell(changes);
    if (await this.#durable(changes)) return "accepted";
    this.#tell(fleet.plan(this.#model, address, before).changes);
    return "not-durable";
  }

  /** Why a room is where it is; nothing where it is nowhere. */
  explain(room: RoomId): Promise<ShownExplanation | undefined> {
    const its = fleet.explain(this.#model, room);
    if (its === undefined) return Promise.resolve(undefined);
    const { explanation } = its;
    return Promise.resolve({
      ...its,
      explanation: explanation && { ...explanation, at: explanation.at + this.#toUnixTime() },
    });
  }

  /** @returns false where there are too many servers already */
  report(input: Report): Promise<boolean> {
    const now = this.#now();
    const { refused, changes } = fleet.report(this.#model, input, now);
    this.#soon(changes);
    if (!refused) this.#options.recorder?.reported(input, now);
    return Promise.resolve(!refused);
  }

  /** The tasks to put into an answer to the server. */
  deliver(address: Address): Promise<Delivery> {
    const { tasks, handOver } = fleet.handOverTasks(this.#model, address, this.#now());
    const settle = (sent: boolean) => {
      if (handOver === undefined) return;
      if (sent) this.#soon(fleet.confirmTasks(this.#model, address, handOver, this.#now()));
      else fleet.returnTasks(this.#model, address, handOver);
    };
    return Promise.resolve({ tasks, settle });
  }

  /** Servers and rooms as they are now, and what was learned of their kinds; times as unix time in milliseconds. */
  info(): Promise<{ servers: ShownServer[]; rooms: RoomInfo[]; kinds: KindInfo[] }> {
    const { servers, rooms, kinds } = fleet.info(this.#model);
    const toUnixTime = this.#toUnixTime();
    const shown = servers.map((server) => ({
      ...server,
      draining: server.draining && {
        ...server.draining,
        deadline: server.draining.deadline && server.draining.deadline + toUnixTime,
      },
      firstSeen: server.firstSeen + toUnixTime,
      lastSeen: server.lastSeen + toUnixTime,
    }));
    return Promise.resolve({ servers: shown, rooms, kinds });
  }

  #planOf(wanted: Parameters<Gateway["plan"]>[1]): Partial<Plan> {
    if ("weight" in wanted) return wanted;
    const { draining, within } = wanted;
    if (!draining) return { draining: undefined };
    return { draining: { deadline: within === undefined ? undefined : this.#now() + within } };
  }

  /** What makes unix time of a time in the model. */
  #toUnixTime(): number {
    return this.#unixTime() - this.#now();
  }

  /** Changes that no answer depends on. */
  #soon(changes: readonly Change[]): void {
    this.#tell(changes);
    if (this.#retrying === undefined) this.store.write(changes);
  }

  /** Whether the changes, and all before them, are durable now. */
  async #durable(changes: readonly Change[]): Promise<boolean> {
    if (this.#retrying !== undefined) return false;
    try {
      await this.store.commit(changes);
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
    return true;
  }

  /** From now on nothing is durable, until the store takes everything as it is by then. */
  #storeFailed(error: StoreError): void {
    if (this.#retrying !== undefined) return;
    this.#options.storeFailed?.(error);
    this.#retrying = setInterval(() => {
      try {
        this.store.replace(fleet.snapshot(this.#model));
      } catch (error) {
        if (error instanceof StoreError) return;
        throw error;
      }
      clearInterval(this.#retrying);
      this.#retrying = undefined;
      fleet.settleAll(this.#model);
      this.#options.storeRecovered?.();
    }, STORE_RETRY);
  }

  #tell(changes: readonly Change[]): void {
    for (const change of changes) {
      for (const listener of this.#listeners) listener(change);
    }
  }
}

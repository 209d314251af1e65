import * as fleet from "../fleet/mod.ts";
import type {
  Address,
  Change,
  ConnectInput,
  ConnectOutcome,
  Explanation,
  Fate,
  FleetSettings,
  Kind,
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
  Undo,
} from "../fleet/mod.ts";
import { Observers } from "./observers.ts";
import { SlicedWork } from "../sliced_work.ts";
import { type Lost, type Store, StoreError, type StoreOptions } from "../store/port.ts";

/** How often the life cycle of servers, grants and rooms is looked at. */
const TICK: Milliseconds = 250;

/** The wall clock was set if it differs by so much from what it was against the monotonic one. */
const CLOCK_SET: Milliseconds = 1000;

/** A tick that comes later than this was kept from running: by a pause, a suspended machine, or too much work. */
const LATE: Milliseconds = 500;

/** Names an answer with tasks, until it is known whether its server has read it. */
export interface Delivery {
  readonly server: Address;
  readonly id: number;
}

/** What a server's report is answered with; a delivery where there are tasks. */
export type ReportOutcome =
  | { readonly accepted: false }
  | { readonly accepted: true; readonly tasks: readonly Task[]; readonly delivery: Delivery | undefined };

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

/** Retry interval while the store cannot be written; longer where an attempt takes long. */
const STORE_RETRY: Milliseconds = 1000;
const RETRY_SHARE = 5;

/** Claims of a group that other gateways win, before a Connect is given up. */
const CLAIMS = 3;

/** What makes things happen later; each answers how to call it off. Those of the runtime, or of a simulation. */
export interface Timers {
  after(wait: Milliseconds, act: () => void): () => void;
  every(interval: Milliseconds, act: () => void): () => void;
}

const TIMERS: Timers = {
  after(wait, act) {
    const timer = setTimeout(act, wait);
    return () => clearTimeout(timer);
  },
  every(interval, act) {
    const timer = setInterval(act, interval);
    return () => clearInterval(timer);
  },
};

/** What the shell needs besides the fleet's settings. */
export interface GatewayOptions {
  /** Opens the store; the clock is the gateway's own. */
  readonly openStore: (options: StoreOptions) => Store;
  /** With an empty store, or always: wait for servers to report before rooms that are not known are placed. */
  readonly waitForReports: boolean | "always";
  /** With an empty store: do not wait any longer once so many servers have reported. */
  readonly expectedServers?: number | undefined;
  /** Whether a Connect is answered only when the place is safe from loss of power, not only of the process. */
  readonly syncPlaces?: boolean;
  /** Whether the sockets are read: if not, servers may report without being heard. */
  readonly hears?: () => boolean;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => Milliseconds;
  /** Unix time in milliseconds. */
  readonly unixTime?: () => number;
  readonly timers?: Timers;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
  /** Who is told of what happens; if absent, nobody. */
  readonly observers?: Observers;
}

/** A call whose changes are on their way into the store. */
interface InFlight {
  readonly changes: readonly Change[];
  readonly undo: Undo;
  readonly ended: Promise<boolean>;
  /** Whether the store has them, and only their safety from loss of power is missing. */
  stored: boolean;
  undone: boolean;
}

/**
 * The shell around the pure fleet: runs one named operation at a time, makes its changes durable, tells them to whoever
 * listens, and then answers. What crosses it is plain data, one message each way a call, so that callers may live on
 * another thread one day. A call whose changes cannot be made durable is taken back: nothing of it is left.
 */
export class Gateway {
  readonly store: Store;
  readonly #model: fleet.Model;
  readonly #options: GatewayOptions;
  readonly #observers: Observers;
  readonly #now: () => Milliseconds;
  readonly #unixTime: () => number;
  readonly #random: () => number;
  readonly #inFlight = new Set<InFlight>();
  /** While servers are waited for after a start: until when, and which have been heard. */
  #learning: { readonly until: Milliseconds; readonly heard: Set<Address> } | undefined;
  /** When the reports began to come that have not been taken in entirely. */
  readonly #coming = new Set<{ readonly since: Milliseconds }>();
  #planning: Promise<unknown> = Promise.resolve();
  /** Reports that are being taken in, by server. */
  readonly #reporting = new Map<Address, Promise<unknown>>();
  readonly #timers: Timers;
  #stopTicking: (() => void) | undefined;
  #ticked: Milliseconds;
  /** What makes unix time of a time in the model, as what is stored has it. */
  #clock: Milliseconds;
  /** Calls off the next attempt to write, while the store cannot be written. */
  #retrying: (() => void) | undefined;

  /** @throws {StoreError} where the store cannot be opened */
  constructor(settings: FleetSettings, options: GatewayOptions) {
    this.#options = options;
    this.#observers = options.observers ?? new Observers(() => {});
    this.#now = options.now ?? (() => Math.floor(performance.now()));
    this.#unixTime = options.unixTime ?? Date.now;
    this.#random = options.random ?? Math.random;
    this.#timers = options.timers ?? TIMERS;
    this.store = options.openStore({
      now: this.#now,
      unixTime: this.#unixTime,
      stored: (changes) => this.#stored(changes),
      overruled: (placements) => placements.forEach((placement) => fleet.yieldGroup(this.#model, placement)),
      others: (changes) => {
        fleet.follow(this.#model, changes, this.#now());
        this.#tell(changes);
      },
      failed: (error, lost) => this.#storeFailed(error, lost),
    });
    this.#model = fleet.createModel(settings);
    fleet.restore(this.#model, this.store.load(), this.#now());
    const waits = options.waitForReports;
    if (waits === "always" || (waits && this.#model.servers.size === 0)) {
      // Every server that may be alive has its chance to report before a room is placed that it may host.
      this.#learning = { until: this.#now() + settings.disableTimeout, heard: new Set() };
      this.#model.learningUntil = this.#learning.until;
    }
    this.#ticked = this.#now();
    this.#clock = this.#toUnixTime();
  }

  /** The servers that are known, for whoever keeps something for each. */
  get servers(): Address[] {
    return Array.from(this.#model.servers, ({ address }) => address);
  }

  start(): void {
    const now = this.#now();
    // What the start took is nobody's silence, nor part of the time in which servers are waited for.
    fleet.excuseSilence(this.#model, now - this.#ticked, now);
    if (this.#learning !== undefined) {
      this.#learning = { ...this.#learning, until: this.#model.learningUntil };
    }
    this.#ticked = now;
    this.#stopTicking = this.#timers.every(TICK, () => this.#tick());
  }

  async stop(): Promise<void> {
    this.#stopTicking?.();
    this.#retrying?.();
    await this.store.close();
  }

  /** Looks at the model, which must stay as it is: for tests and simulations. */
  inspect<Result>(look: (model: fleet.Model) => Result): Result {
    return look(this.#model);
  }

  async connect(input: ConnectInput): Promise<ConnectOutcome | NotDurable> {
    for (let claim = 0; claim < CLAIMS; claim++) {
      for (let lift; (lift = this.#liftUnderWay(input)) !== undefined;) await lift;
      const now = this.#now();
      this.#learn(now);
      const { outcome, changes, undo } = fleet.connect(this.#model, input, now, this.#random);
      if (!outcome.granted) return outcome;
      if (undo !== undefined) {
        if (!await this.#durable(changes, undo, this.#options.syncPlaces === true)) break;
        this.#tell(changes);
        // Where another gateway was first to place the group, the grant is to be for the server that it chose.
        const holder = fleet.holder(this.#model, input.namespace, input.rooms[0]!);
        if (holder !== outcome.server) continue;
      }
      this.#observers.tell("granted", input, now);
      return outcome;
    }
    return { granted: false, reason: "not-durable" };
  }

  /** A lift of a ban that may still be refused: nobody is let in by it before it is durable. */
  #liftUnderWay({ namespace, rooms, user }: ConnectInput): Promise<unknown> | undefined {
    for (const { changes, ended } of this.#inFlight) {
      for (const change of changes) {
        if (change.type !== "ban-ended" || !change.lifted) continue;
        const { room, user: lifted } = change.ban;
        if (room[0] === namespace && rooms.includes(room[1]) && (lifted ?? user) === user) return ended;
      }
    }
    return undefined;
  }

  async manage(input: ManagementInput): Promise<ManagementOutcome | "not-durable"> {
    const { outcome, changes, undo } = fleet.manage(this.#model, input, this.#now());
    if (undo === undefined) return outcome;
    if (!await this.#durable(changes, undo, true)) return "not-durable";
    this.#tell(changes);
    return outcome;
  }

  /**
   * Changes what is wanted of a server; a deadline is in milliseconds from now.
   *
   * @returns what was wanted before and is now; times as unix time in milliseconds
   */
  plan(
    address: Address,
    wanted: { readonly weight: number } | { readonly draining: boolean; readonly within?: Milliseconds },
  ): Promise<{ readonly before: Plan; readonly after: Plan } | "no-server" | "not-durable"> {
    // One after the other, since each keeps what it does not change; and only what is durable has an effect.
    const planned = this.#planning.then(() => this.#plan(address, this.#planOf(wanted)));
    this.#planning = planned.catch(() => {});
    return planned;
  }

  async #plan(address: Address, wanted: Partial<Plan>) {
    const before = fleet.planOf(this.#model, address);
    if (before === undefined) return "no-server";
    const after: Plan = { ...before, ...wanted };
    const change: Change = { type: "server-planned", server: address, ...after };
    if (!await this.#durable([change], () => {}, true)) return "not-durable";
    fleet.plan(this.#model, address, after);
    this.#tell([change]);
    this.#soon(fleet.welcomeAgain(this.#model, address, this.#now()));
    return { before: this.#shownPlan(before), after: this.#shownPlan(after) };
  }

  /** Forgets what was learned of a kind of rooms. @returns whether anything was */
  forgetKind(kind: Kind): Promise<boolean> {
    const { known, changes } = fleet.forgetKind(this.#model, kind);
    this.#soon(changes);
    return Promise.resolve(known);
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

  /**
   * Takes in a report, in slices that let other calls pass; reports of one server one after the other.
   *
   * @param wantsTasks whether there is an answer to put tasks into
   * @returns `accepted` false where there are too many servers already
   */
  async report(input: Report, wantsTasks: boolean): Promise<ReportOutcome> {
    const before = this.#reporting.get(input.address);
    const running = before === undefined ? this.#takeIn(input) : before.then(() => this.#takeIn(input));
    // What fails is thrown to whoever reported, not to whoever waits for it.
    const ended = running.catch(() => {});
    this.#reporting.set(input.address, ended);
    let accepted: boolean;
    try {
      accepted = await running;
    } finally {
      if (this.#reporting.get(input.address) === ended) this.#reporting.delete(input.address);
    }
    if (!accepted) return { accepted };
    if (!wantsTasks) return { accepted, tasks: [], delivery: undefined };
    // A task whose call may still be refused is not handed over, nor what was asked for after it.
    if (this.#inFlight.size > 0) await Promise.all(Array.from(this.#inFlight, ({ ended }) => ended));
    const open = this.#firstOpenTask();
    const { tasks, handOver, changes } = fleet.handOverTasks(this.#model, input.address, this.#now(), open);
    this.#soon(changes);
    const delivery = handOver === undefined ? undefined : { server: input.address, id: handOver };
    return { accepted, tasks, delivery };
  }

  /** Number of the first task whose call is still on its way into the store. */
  #firstOpenTask(): number {
    let first = Infinity;
    for (const { changes } of this.#inFlight) {
      for (const change of changes) {
        if (change.type === "task-queued") first = Math.min(first, change.task.sequence);
      }
    }
    return first;
  }

  /**
   * A report begins to come, perhaps a large one: rooms that are not known wait for it, if they wait for servers at all.
   *
   * @returns to be called when it is there, or will not come
   */
  reportComes(): () => void {
    const coming = { since: this.#now() };
    this.#coming.add(coming);
    return () => this.#coming.delete(coming);
  }

  /** Whoever may host a room has been heard when its time is over and all is taken in that came within it, or all are known. */
  #learn(now: Milliseconds): void {
    if (this.#learning === undefined) return;
    const { until, heard } = this.#learning;
    const all = heard.size >= (this.#options.expectedServers ?? Infinity);
    // Time in which the gateway itself did not run is added to the model's own end.
    const end = Math.max(until, this.#model.learningUntil);
    const late = [...this.#coming].some(({ since }) => since <= until);
    if (!all && (now < end || late)) {
      this.#model.learningUntil = Math.max(end, now + 1);
      return;
    }
    this.#learning = undefined;
    this.#model.learningUntil = -Infinity;
  }

  /** What became of an answer with tasks; to be told once, as soon as it is known. */
  delivered({ server, id }: Delivery, fate: Fate): void {
    this.#soon(fleet.endHandOver(this.#model, server, id, fate, this.#now()));
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

  async #takeIn(input: Report): Promise<boolean> {
    const now = this.#now();
    const slices = fleet.reportInSlices(this.#model, input, now);
    const work = new SlicedWork();
    while (true) {
      const { done, value } = slices.next();
      if (!done) {
        this.#soon(value);
        if (work.due) await work.letOthersPass();
        continue;
      }
      this.#soon(value.changes);
      if (value.refused) return false;
      this.#learning?.heard.add(input.address);
      this.#observers.tell("reported", input, now);
      return true;
    }
  }

  #tick(): void {
    const now = this.#now();
    const late = now - this.#ticked - TICK;
    const deaf = this.#options.hears?.() === false;
    if (late > LATE || deaf) fleet.excuseSilence(this.#model, deaf ? now - this.#ticked : late, now);
    if (late > LATE) this.#observers.tell("paused", late);
    this.#ticked = now;
    this.#followClock();
    this.#soon(fleet.tick(this.#model, now));
  }

  /** The store keeps unix time: where the wall clock has been set, all that is stored is written anew. */
  #followClock(): void {
    const set = this.#toUnixTime() - this.#clock;
    // Not amid calls that may still be refused: they would be stored with the rest.
    if (Math.abs(set) < CLOCK_SET || this.#retrying !== undefined || this.#inFlight.size > 0) return;
    this.#observers.tell("clockSet", set);
    const error = this.#storeAnew();
    if (error !== undefined) this.#storeFailed(error, "waiting");
  }

  /** Stores everything as it is now, by the wall clock as it is now. @returns why not, where that is so */
  #storeAnew(): StoreError | undefined {
    try {
      this.store.replace(fleet.snapshot(this.#model));
    } catch (error) {
      if (error instanceof StoreError) return error;
      throw error;
    }
    this.#clock = this.#toUnixTime();
    return undefined;
  }

  #shownPlan({ weight, draining }: Plan): Plan {
    const deadline = draining?.deadline;
    return {
      weight,
      draining: draining && { deadline: deadline === undefined ? undefined : deadline + this.#toUnixTime() },
    };
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
    if (changes.length === 0) return;
    if (this.#retrying === undefined) this.store.write(changes);
    this.#tell(changes);
  }

  /**
   * Makes the changes durable, and all before them; where that fails, takes back what they are of.
   *
   * @param sync whether they are to survive loss of power, not only the end of the process
   * @returns whether they are durable
   */
  async #durable(changes: readonly Change[], undo: Undo, sync: boolean): Promise<boolean> {
    if (this.#retrying !== undefined) {
      undo(this.#now());
      return false;
    }
    const ended = this.store.commit(changes, sync).then(() => true, (error) => {
      if (error instanceof StoreError) return false;
      throw error;
    });
    const call: InFlight = { changes, undo, ended, stored: false, undone: false };
    this.#inFlight.add(call);
    const durable = await ended;
    // Where it failed, `#storeFailed` has taken back all that were on their way, the newest first.
    this.#inFlight.delete(call);
    return durable && !call.undone;
  }

  #stored(changes: readonly Change[]): void {
    fleet.settle(this.#model, changes);
    if (this.#inFlight.size === 0) return;
    const all = new Set(changes);
    for (const call of this.#inFlight) if (call.changes.some((change) => all.has(change))) call.stored = true;
  }

  /** From now on nothing is durable, until the store takes everything as it is by then. */
  #storeFailed(error: StoreError, lost: Lost): void {
    const now = this.#now();
    for (const call of [...this.#inFlight].reverse()) {
      if (call.stored && lost === "waiting") continue;
      this.#inFlight.delete(call);
      call.undone = true;
      call.undo(now);
    }
    if (this.#retrying !== undefined) return;
    this.#observers.tell("storeFailed", error);
    this.#retryLater(STORE_RETRY);
  }

  #retryLater(wait: Milliseconds): void {
    this.#retrying = this.#timers.after(wait, () => {
      const start = this.#now();
      if (this.#storeAnew() !== undefined) {
        this.#retryLater(Math.max(STORE_RETRY, RETRY_SHARE * (this.#now() - start)));
        return;
      }
      this.#retrying = undefined;
      fleet.settleAll(this.#model);
      this.#observers.tell("storeRecovered");
    });
  }

  #tell(changes: readonly Change[]): void {
    for (const change of changes) this.#observers.tell("changed", change);
  }
}

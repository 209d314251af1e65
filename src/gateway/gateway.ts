import * as fleet from "../fleet/mod.ts";
import type {
  Address,
  Change,
  ConnectInput,
  ConnectOutcome,
  Fate,
  FleetFigures,
  FleetSettings,
  ForgottenKind,
  Kind,
  ManagementInput,
  ManagementOutcome,
  Milliseconds,
  Model,
  Plan,
  Report,
  RoomId,
  Undo,
  UnixTime,
} from "../fleet/mod.ts";
import type { OpenStore, Store } from "../store/port.ts";
import { Durability } from "./durability.ts";
import { keepEstimates, restoreEstimates } from "./kept_estimates.ts";
import { LicenceShares } from "./licence_shares.ts";
import { Observers } from "./observers.ts";
import type {
  Arrival,
  Delivery,
  GatewayPort,
  NotDurable,
  ReportOutcome,
  ShownExplanation,
  ShownFleet,
  WantedPlan,
} from "./port.ts";
import type { Replication } from "./replication.ts";
import { StartWait, waitUntil } from "./start_wait.ts";
import { NO_TASKS, TaskDelivery } from "./task_delivery.ts";
import { type Clocks, longWork, RUNTIME_TIMERS, type Timers, toUnixTime } from "./timers.ts";
import { Turns } from "./turns.ts";
import { shownDeadline, View } from "./view.ts";
import { wholeFleet } from "./whole_fleet.ts";

/** How often the life cycle of servers, grants and rooms is looked at. */
const TICK: Milliseconds = 250;

/** A tick that comes later than this was kept from running: by a pause, a suspended machine, or too much work. */
const LATE: Milliseconds = 500;

/** What waited while this gateway did not run is taken in within so long after it runs again. */
const WAKING: Milliseconds = 2000;

/** Claims of a group that other gateways win, before a Connect is given up. */
const CLAIMS = 3;

/** What the shell needs besides the fleet's settings. */
export interface GatewayOptions {
  /** Opens the store; the clocks are the gateway's own. */
  readonly openStore: OpenStore;
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

/**
 * The shell around the pure fleet: runs one named operation at a time, makes its changes durable, tells them to observers,
 * and then answers. A call whose changes cannot be made durable is taken back: nothing of it is left.
 */
export class Gateway implements GatewayPort {
  readonly #model: Model;
  readonly #durability: Durability;
  readonly #options: GatewayOptions;
  readonly #observers: Observers;
  readonly #clocks: Clocks;
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #startWait: StartWait;
  /** What is done together with other gateways, and the shares of licences, where several share the store. */
  readonly #replication: Replication | undefined;
  readonly #licences: LicenceShares | undefined;
  readonly view: View;
  readonly #tasks: TaskDelivery;
  readonly #planning = new Turns<Address>();
  readonly #reporting = new Turns<Address>();
  /** The last time in which it did not run. */
  #slept: { since: Milliseconds; until: Milliseconds } = { since: -Infinity, until: -Infinity };
  #stopTicking: (() => void) | undefined;
  #ticked: Milliseconds;
  /** After a pause, until it is known what other gateways have done meanwhile: nothing is ended by what was known before. */
  #isBehind = false;
  #asking: Promise<void> | undefined;
  #syncPlaces: boolean;
  /** While the store is another process's: what became of answers meanwhile. */
  #late: [Delivery, Fate][] | undefined;
  /** Calls off the shorter lifetime of tokens, while longer ones are still out. */
  #shortening: (() => void) | undefined;

  private constructor(
    model: Model,
    durability: Durability,
    clocks: Clocks,
    timers: Timers,
    observers: Observers,
    random: () => number,
    options: GatewayOptions,
  ) {
    this.#model = model;
    this.#durability = durability;
    this.#clocks = clocks;
    this.#timers = timers;
    this.#observers = observers;
    this.#options = options;
    this.#syncPlaces = options.syncPlaces === true;
    this.#random = random;
    this.#startWait = new StartWait(model, options.expectedServers);
    const { replication } = durability;
    this.#replication = replication;
    observers.add({ followed: (change) => this.#startWait.followed(change) });
    this.#licences = replication && new LicenceShares(model, replication, timers, clocks.now);
    this.#tasks = new TaskDelivery(model, durability, observers, clocks.now);
    this.view = new View(
      model,
      clocks,
      timers,
      () => this.condition,
      () => replication?.gateways() ?? Promise.resolve(undefined),
    );
    this.#ticked = this.#now();
  }

  /**
   * Opens the store, and takes up what it has.
   *
   * @throws {StoreError} where the store cannot be opened
   */
  static async open(settings: FleetSettings, options: GatewayOptions): Promise<Gateway> {
    const {
      now = () => Math.floor(performance.now()),
      unixTime = Date.now,
      timers = RUNTIME_TIMERS,
      observers = new Observers(() => {}),
      random = Math.random,
    } = options;
    const clocks = { now, unixTime };
    const model = fleet.createModel(settings);
    const start = now();
    const durability = await Durability.open(model, options.openStore, clocks, timers, observers, random);
    const gateway = new Gateway(model, durability, clocks, timers, observers, random, options);
    gateway.#ticked = start;
    await restoreEstimates(model, durability.store, clocks);
    const end = start + settings.disableTimeout;
    const until = await waitUntil(end, options.waitForReports, durability, model, clocks);
    if (until !== undefined) gateway.#startWait.begin(until);
    return gateway;
  }

  /** The store, for texts that are kept beside the fleet. */
  get store(): Store {
    return this.#durability.store;
  }

  /** The store has another list of customers: the other gateways that share it are told. */
  tellOfCustomers(): void {
    if (this.#replication !== undefined) this.#durability.soon([{ type: "customers-listed" }]);
  }

  /** The servers that are known, for whoever keeps something for each. */
  get servers(): Address[] {
    return Array.from(this.#model.servers, ({ address }) => address);
  }

  /** Whether what has to last can be written, whether servers are still waited for, and how many of them report. */
  get condition(): { readonly storable: boolean; readonly waiting: boolean; readonly servers: number } {
    this.#startWait.look(this.#now());
    let servers = 0;
    for (const { enabled } of this.#model.servers) if (enabled) servers++;
    return { storable: this.#durability.storable, waiting: this.#startWait.lasts, servers };
  }

  start(): void {
    const now = this.#now();
    // What the start took is nobody's silence, nor part of the time in which servers are waited for.
    fleet.excuseSilence(this.#model, now - this.#ticked, now);
    this.#startWait.prolong();
    this.#ticked = now;
    this.#stopTicking = this.#timers.every(TICK, () => this.#tick());
    if (this.#replication !== undefined) this.#durability.soon([{ type: "figures-wanted" }]);
  }

  async stop(): Promise<void> {
    this.#stopTicking?.();
    this.#shortening?.();
    await this.#durability.close();
  }

  /**
   * From now on these settings hold. A shorter lifetime of tokens holds for places only once those given out before are over:
   * until then a place that is forgotten could be given to another server, beside a token that is valid for this one.
   */
  configure(settings: FleetSettings, syncPlaces: boolean): void {
    this.#shortening?.();
    this.#shortening = undefined;
    this.#syncPlaces = syncPlaces;
    const before = this.inspect((model) => model.settings.tokenLifetime);
    const tokenLifetime = Math.max(before, settings.tokenLifetime);
    fleet.configure(this.#model, { ...settings, tokenLifetime });
    if (tokenLifetime === settings.tokenLifetime) return;
    this.#shortening = this.#timers.after(before, () => {
      this.#shortening = undefined;
      fleet.configure(this.#model, settings);
    });
  }

  /**
   * Closes the store, with everything in it, for another process. Nothing may be asked of the gateway until `resume`, and
   * nothing changes.
   */
  async release(): Promise<void> {
    this.#stopTicking?.();
    this.#late = [];
    await this.#durability.close();
  }

  /**
   * Goes on after `release`.
   *
   * @throws {StoreError} where the store cannot be opened, because another process has it
   */
  async resume(): Promise<void> {
    await this.#durability.reopen();
    const late = this.#late ?? [];
    this.#late = undefined;
    this.start();
    for (const [delivery, fate] of late) this.delivered(delivery, fate);
  }

  /** Looks at the model, which must stay as it is: for tests and simulations. */
  inspect<Result>(look: (model: Model) => Result): Result {
    return look(this.#model);
  }

  /** Whether it is known what the other gateways did until a moment ago. */
  get isFresh(): boolean {
    return this.#replication?.isFresh ?? true;
  }

  /**
   * Resolves when everything is known that the other gateways had done before the call; but where everything has to be loaded,
   * that goes on.
   *
   * @returns whether they can be heard
   */
  async catchUp(): Promise<boolean> {
    const others = this.#replication;
    return others === undefined || others.reconciling !== undefined || await others.catchUp();
  }

  async connect(input: ConnectInput): Promise<ConnectOutcome | NotDurable> {
    const { namespace, rooms } = input;
    const group = fleet.groupName(rooms[0]!);
    for (let claim = 0; claim < CLAIMS; claim++) {
      for (let lift; (lift = this.#liftUnderWay(input)) !== undefined;) await lift;
      if (this.#replication?.isFresh === false && !await this.#replication.freshen(input)) break;
      // Another Connect may take what one has waited for.
      while (this.#licences?.cover(input) === false) {
        const refused = await this.#licences.ask(input);
        if (refused !== undefined) return { granted: false, reason: refused };
      }
      const now = this.#now();
      this.#startWait.look(now);
      const { outcome, changes, aside, undo } = fleet.connect(this.#model, input, now, this.#random);
      if (!outcome.granted) {
        // Another gateway may have heard a server for the first time a moment ago.
        const others = outcome.reason === "no-server" && claim === 0 ? this.#replication : undefined;
        if (others === undefined) return outcome;
        if (!await others.catchUp()) break;
        continue;
      }
      if (undo !== undefined) {
        const claimed = await this.#claim(namespace, group, changes, undo);
        if (claimed === undefined) break;
        this.#durability.tell(changes);
        // Another gateway may have been first to place the group, or another server have it: the grant is to be for that one.
        if (!claimed || fleet.holder(this.#model, namespace, rooms[0]!) !== outcome.server) continue;
      }
      this.#observers.tell("granted", input, now);
      if (this.#replication !== undefined) {
        const grants = fleet.granted(input, outcome.server);
        this.#durability.soonWithOthers(aside.length === 0 ? grants : [...grants, ...aside]);
      }
      return outcome;
    }
    return { granted: false, reason: "not-durable" };
  }

  /** Makes the place of a group durable. @returns whether no other gateway was first; nothing where it is not durable */
  async #claim(
    namespace: string,
    group: string,
    changes: readonly Change[],
    undo: Undo,
  ): Promise<boolean | undefined> {
    const lost = await this.#durability.commit(changes, undo, this.#syncPlaces ? "power" : "process");
    return lost && !lost.some((claim) => claim.namespace === namespace && claim.group === group);
  }

  /** A server that has reported here may be too full: the gateway that has heard it decides what is to leave it. */
  async #rebalance(address: Address): Promise<void> {
    const { moved, told } = fleet.rebalance(this.#model, address, this.#now(), this.#random);
    this.#durability.soon(told);
    if (moved === undefined) return;
    const { namespace, group, changes, undo } = moved;
    const claimed = await this.#claim(namespace, group, changes, undo);
    // What others have done before this in the order of all is in the model by now: of two that move to one server at once
    // the second one gives way.
    if (claimed && moved.isSecond()) this.#durability.soonUntold(moved.recall(this.#now()));
    else if (claimed) {
      this.#durability.tell(changes);
      this.#durability.soon(moved.aside);
    } else if (claimed === false) this.#durability.soon(moved.withdraw());
  }

  /** A lift of a ban that may still be refused: nobody is let in by it before it is durable. */
  #liftUnderWay({ namespace, rooms, user }: ConnectInput): Promise<unknown> | undefined {
    for (const { changes, ended } of this.#durability.inFlight) {
      for (const change of changes) {
        if (change.type !== "ban-ended" || !change.lifted) continue;
        const { room, user: lifted } = change.ban;
        if (room[0] === namespace && rooms.includes(room[1]) && (lifted ?? user) === user) return ended;
      }
    }
    return undefined;
  }

  async manage(input: ManagementInput): Promise<ManagementOutcome | "not-durable"> {
    // Another gateway may have let somebody into the room a moment ago.
    const isUnknown = this.#model.groups.room(input.task.id) === undefined;
    const others = this.#replication;
    if (others !== undefined && (isUnknown || others.isCutOff) && !await others.catchUp()) {
      return "not-durable";
    }
    const { outcome, changes, undo } = fleet.manage(this.#model, input, this.#now());
    if (undo === undefined) return outcome;
    if (await this.#durability.commit(changes, undo, "power") === undefined) return "not-durable";
    this.#durability.tell(changes);
    return outcome;
  }

  plan(address: Address, wanted: WantedPlan): ReturnType<GatewayPort["plan"]> {
    const change = this.#planOf(wanted);
    // One after the other, since each keeps what it does not change; and only what is durable has an effect.
    return this.#planning.take(address, () => this.#plan(address, change));
  }

  async #plan(address: Address, wanted: Partial<Plan>) {
    await this.#replication?.catchUp();
    const known = fleet.planOf(this.#model, address);
    if (known === undefined) return "no-server";
    const part = "weight" in wanted ? "weight" : "draining";
    const change: Change = { type: "server-planned", server: address, ...known, ...wanted, part };
    if (await this.#durability.commit([change], () => {}, "power") === undefined) return "not-durable";
    // Another gateway may have set the other part meanwhile.
    const before = fleet.planOf(this.#model, address) ?? known;
    const after: Plan = { ...before, ...wanted };
    fleet.plan(this.#model, address, wanted);
    this.#durability.tell([{ ...change, ...after }]);
    this.#durability.soon(fleet.welcomeAgain(this.#model, address, this.#now()));
    return { before: this.#shownPlan(before), after: this.#shownPlan(after) };
  }

  forget(address: Address): ReturnType<GatewayPort["forget"]> {
    // While the store has not got it, no report of the server is taken in: it would be forgotten as well.
    return this.#reporting.take(address, () => this.#forget(address));
  }

  async #forget(address: Address): ReturnType<GatewayPort["forget"]> {
    const changes = fleet.canForget(this.#model, address);
    if (!Array.isArray(changes)) return changes;
    if (await this.#durability.commit(changes, () => {}, "power") === undefined) return "not-durable";
    this.#durability.soon(fleet.forgetServer(this.#model, address, this.#now()));
    return "forgotten";
  }

  forgetKind(kind: Kind): Promise<ForgottenKind> {
    const { changes, ...forgotten } = fleet.forgetKind(this.#model, kind);
    this.#durability.soon(changes);
    return Promise.resolve(forgotten);
  }

  async explain(room: RoomId): Promise<ShownExplanation | undefined> {
    const others = this.#replication;
    this.#durability.giveGrants();
    await others?.catchUp();
    const explained = fleet.explain(this.#model, room);
    if (explained === undefined) return undefined;
    const explanation = explained.explanation ??
      await others?.explanation(room[0], explained.group, explained.server);
    return {
      ...explained,
      explanation: explanation && { ...explanation, at: toUnixTime(this.#clocks, explanation.at) },
    };
  }

  async report(input: Report, wantsTasks: boolean): Promise<ReportOutcome> {
    const others = this.#replication;
    const behind = others?.isCutOff ? -Infinity : this.#asleepSince(this.#now());
    if (others !== undefined && behind !== undefined && await others.catchUp()) {
      // It may have waited while this gateway did not run: what others have heard of the server since is newer.
      if (fleet.isHeardElsewhere(this.#model, input.address, behind)) {
        return { accepted: true, ...NO_TASKS };
      }
    }
    const accepted = await this.#reporting.take(input.address, () => this.#takeIn(input));
    if (!accepted) return { accepted };
    if (!wantsTasks) return { accepted, ...NO_TASKS };
    await this.#rebalance(input.address);
    return { accepted, ...await this.#tasks.take(input.address) };
  }

  reportComes(): Arrival {
    return this.#startWait.comes(this.#now());
  }

  reportCame(arrival: Arrival): void {
    this.#startWait.came(arrival);
  }

  delivered(delivery: Delivery, fate: Fate): void {
    if (this.#late !== undefined) return void this.#late.push([delivery, fate]);
    const { server, id } = delivery;
    this.#durability.soon(fleet.endHandOver(this.#model, server, id, fate, this.#now()));
  }

  figures(customers: number): Promise<FleetFigures<UnixTime>> {
    const shown = fleet.figures(this.#model, customers);
    const servers = shown.servers.map((server) => ({
      ...server,
      lastSeen: toUnixTime(this.#clocks, server.lastSeen),
    }));
    return Promise.resolve({ ...shown, servers });
  }

  info(): Promise<ShownFleet> {
    return wholeFleet(this.#model, this.#clocks);
  }

  async #takeIn(input: Report): Promise<boolean> {
    const now = this.#now();
    const slices = fleet.reportInSlices(this.#model, input, now);
    const work = longWork(this.#timers);
    while (true) {
      const { done, value } = slices.next();
      if (!done) {
        this.#durability.soon(value);
        if (work.due) await work.letOthersPass();
        continue;
      }
      this.#durability.soon(value.changes);
      if (value.refused) return false;
      this.#startWait.heard(input.address);
      this.#observers.tell("reported", input, now);
      return true;
    }
  }

  /** Since when it had not run, if it runs again only since a moment ago. */
  #asleepSince(now: Milliseconds): Milliseconds | undefined {
    const sleeps = now - this.#ticked > TICK + LATE;
    const { since, until } = sleeps ? { since: this.#ticked, until: now } : this.#slept;
    return now - until < WAKING ? since : undefined;
  }

  #tick(): void {
    const now = this.#now();
    const late = now - this.#ticked - TICK;
    const deaf = this.#options.hears?.() === false;
    // Who is silent here may be heard by other gateways, and nothing may end that they still use.
    const isAlone = this.#replication?.isCutOff === true;
    if (late > LATE && this.#replication !== undefined) this.#isBehind = true;
    if (late > LATE || deaf || isAlone || this.#isBehind) {
      fleet.excuseSilence(this.#model, deaf || isAlone || this.#isBehind ? now - this.#ticked : late, now);
    }
    if (late > LATE) {
      this.#slept = { since: this.#ticked, until: now };
      this.#observers.tell("paused", late);
    }
    this.#ticked = now;
    this.#licences?.look();
    this.view.tick();
    if (this.#isBehind) return this.#comeUpToDate();
    if (isAlone) return this.#durability.soon(fleet.evictOverdue(this.#model, now));
    this.#durability.followClock();
    const counted = this.#model.demandCounted;
    this.#durability.soon(fleet.tick(this.#model, now));
    if (this.#model.demandCounted !== counted) {
      void keepEstimates(this.#model, this.#durability.store, this.#clocks);
    }
    this.#licences?.giveBack();
  }

  /** Asks what others have done, until that is known. */
  #comeUpToDate(): void {
    this.#asking ??= this.#replication?.catchUp().then((isUpToDate) => {
      this.#asking = undefined;
      if (isUpToDate) this.#isBehind = false;
    });
  }

  #shownPlan({ weight, draining }: Plan): Plan<UnixTime> {
    return {
      weight,
      draining: draining && { deadline: shownDeadline(this.#clocks, draining.deadline) },
    };
  }

  #planOf(wanted: WantedPlan): Partial<Plan> {
    if ("weight" in wanted) return wanted;
    const { draining, within } = wanted;
    if (!draining) return { draining: undefined };
    return { draining: { deadline: within === undefined ? undefined : this.#now() + within } };
  }

  #now(): Milliseconds {
    return this.#clocks.now();
  }
}

import {
  type Address,
  type Change,
  groupName,
  type Milliseconds,
  type RebalanceSettings,
  type Task,
} from "../../src/fleet/mod.ts";
import { checkConsistency } from "../../src/fleet/testing.ts";
import type { Timers } from "../../src/gateway/timers.ts";
import { MemoryStore } from "../../src/store/memory/store.ts";
import { LEASE, SharedLog } from "../../src/store/memory/shared_log.ts";
import type { StoreOptions } from "../../src/store/port.ts";
import { Ledger, type Line } from "../ledger.ts";
import { Chance } from "../placement/chance.ts";
import { disagreements } from "./agreement.ts";
import { Backends } from "./backends.ts";
import { Clock } from "./clock.ts";
import { Connects } from "./connects.ts";
import { Disk, type Loss } from "./disk.ts";
import { Guests, POOLS } from "./guests.ts";
import { Host, type MortalStore } from "./host.ts";
import { leftRooms, lostPlans } from "./kept_plans.ts";
import { Licences } from "./licences.ts";
import { Operators } from "./operators.ts";
import { Moves } from "./moves.ts";
import { Plans } from "./plans.ts";
import { FaultyServer } from "./server.ts";
import { ServerWatch } from "./server_watch.ts";
import { pick, type Surroundings } from "./surroundings.ts";
import { SimulatedStore } from "./store.ts";
import { ToldReports } from "./told_reports.ts";
import { Weather } from "./weather.ts";

/** Kinds of faults; each can be left out. */
export const FAULTS = [
  "kill",
  "power",
  "pause",
  "full disk",
  "slow disk",
  "lost answers",
  "server crash",
  "clock jump",
  "other pool",
] as const;

export type FaultKind = typeof FAULTS[number];

/** A world of a seed. */
export interface WorldOptions {
  readonly seed: number;
  /** Simulated milliseconds. */
  readonly span: Milliseconds;
  readonly without?: ReadonlySet<FaultKind>;
  /** Gateways over one store; if absent, one. */
  readonly gateways?: number;
}

/** What became of it: without a fault, everything that was promised was kept. */
export interface Outcome {
  readonly seed: number;
  readonly faults: readonly string[];
  /** When the first was seen, in simulated milliseconds. */
  readonly at: Milliseconds | undefined;
  readonly events: number;
  readonly counts: Ledger["counts"];
  /** Groups that were moved because of load. */
  readonly moves: number;
}

const SERVERS = 5;
const INTERVAL: Milliseconds = 1000;
const DISABLE_TIMEOUT: Milliseconds = 10_000;
const TOKEN_LIFETIME: Milliseconds = 20_000;
const GRANT_TIMEOUT: Milliseconds = 15_000;
/** In every second world rooms move away from servers that are too full, as they are when they have something else to do. */
const REBALANCE: RebalanceSettings = { above: 0.7, interval: 2000, rest: 20_000 };
const LICENCE = { maxPeers: 10, maxRooms: 4 };

/** At the end all is quiet for so long, and everything that waits arrives. */
const CALM: Milliseconds = 30_000;

/** After the last reports, what gateways tell each other has arrived within this time. */
const HUSH: Milliseconds = 3000;

/** So often, so long after each other, the gateways' models are compared before they count as different. */
const LOOKS = 20;
const LOOK_AFTER: Milliseconds = 70;

/** With several gateways a ban may take so long to hold at all of them. */
const UNTIL_ALL_KNOW: Milliseconds = 2000;

/** The model is compared with itself after each so-many-th event. */
const CHECK_EVERY = 10;

/** Of several gateways, what one has changed has been put into the order, and told, within this time. */
const ON_ITS_WAY: Milliseconds = 200;

/** What was so shortly before was in the same moment: it is not looked at after each event. */
const AT_ONCE: Milliseconds = 10;

/** Clients, backends, operators, servers and mishaps around gateways over one store, all decided by one seed. */
export class World {
  readonly #chance: Chance;
  readonly #clock = new Clock();
  readonly #disk = new Disk();
  readonly #log = new SharedLog(() => Math.floor(this.#clock.now));
  readonly #weather: Weather;
  readonly #ledger: Ledger;
  readonly #servers: FaultyServer[] = [];
  readonly #plans: Plans;
  readonly #told: ToldReports;
  readonly #licences: Licences;
  readonly #watch: ServerWatch;
  readonly #operators: Operators;
  readonly #backends: Backends;
  readonly #guests: Guests;
  readonly #moves: Moves;
  readonly #rebalance: RebalanceSettings | undefined;
  readonly #syncPlaces: boolean;
  /** The processes that there are now, or were last. */
  readonly #hosts: Host[] = [];
  /** Lives whose model was wrong once: one fault would be many. */
  readonly #inconsistent = new WeakSet<Host>();
  /** Since when their model has been wrong without a break. */
  readonly #doubted = new WeakMap<Host, Milliseconds>();
  /** When they were in touch with the others last. */
  readonly #heard = new WeakMap<Host, Milliseconds>();
  /** How often it has become uncertain when what is stored ends. */
  #doubts = 0;
  #calm = false;
  #firstFault: Milliseconds | undefined;

  constructor(readonly options: WorldOptions) {
    const { seed, gateways = 1 } = options;
    this.#chance = new Chance(seed);
    this.#weather = new Weather(this.#clock, this.#chance, this.#disk);
    this.#syncPlaces = this.#chance.random() < 0.5;
    this.#ledger = new Ledger(() => this.#clock.now / 1000, "none");
    const world: Surroundings = {
      clock: this.#clock,
      chance: this.#chance,
      ledger: this.#ledger,
      servers: this.#servers,
      untilAllKnow: gateways > 1 ? UNTIL_ALL_KNOW : 0,
      settledFor: () => Math.min(...this.#hosts.map((host) => host.settledFor)),
      repeat: (mean, act) => this.#repeat(mean, act),
      call: (ask, answered) => this.#call(ask, answered),
    };
    const times = { tokenLifetime: TOKEN_LIFETIME, grantTimeout: GRANT_TIMEOUT };
    this.#plans = new Plans(() => this.#clock.now, world.untilAllKnow);
    this.#told = new ToldReports(gateways > 1);
    this.#licences = new Licences(world, "licensed", LICENCE, this.#plans, this.#told, times);
    const rules = { disableTimeout: DISABLE_TIMEOUT, grantTimeout: GRANT_TIMEOUT };
    this.#watch = new ServerWatch(world, this.#plans, this.#told, rules);
    const connects = new Connects(world, TOKEN_LIFETIME, [this.#licences, this.#watch]);
    this.#rebalance = seed % 2 === 0 ? REBALANCE : undefined;
    this.#moves = new Moves(world, this.#plans, this.#licences, this.#rebalance, TOKEN_LIFETIME);
    this.#operators = new Operators(world, this.#plans, this.#licences);
    this.#backends = new Backends(world, connects, this.#plans, this.#told, () => this.#doubts);
    this.#guests = new Guests(world, connects, this.#plans, this.#licences);
    for (let i = 0; i < SERVERS; i++) this.#servers.push(this.#newServer(i));
  }

  #newServer(number: number): FaultyServer {
    const pool = POOLS[number < 3 ? 0 : 1];
    let turnsTo = number;
    return new FaultyServer(`s${number}.example:1` as Address, INTERVAL, pool, {
      clock: this.#clock,
      chance: this.#chance,
      host: () => {
        if (this.#hosts.length > 1 && this.#chance.random() < 0.2) turnsTo++; // a balancer turns it to another one
        // It also takes note of those that do not answer.
        const answers = this.#hosts.findIndex((_, i) =>
          this.#hosts[(turnsTo + i) % this.#hosts.length]!.answers
        );
        return this.#hosts[(turnsTo + Math.max(0, answers)) % this.#hosts.length]!;
      },
      latency: () => this.#latency(),
      loses: () => this.#happens("lost answers", 0.05),
      read: (server, task, line) => this.#read(server, task, line),
    });
  }

  async run(): Promise<Outcome> {
    for (let i = 0; i < (this.options.gateways ?? 1); i++) this.#hosts.push(await this.#startHost());
    for (const server of this.#servers) {
      server.settle();
      server.start();
    }
    while (this.#servers.some(({ reports }) => reports === 0)) await this.#pass(INTERVAL);
    this.#guests.start(this.#rebalance !== undefined);
    this.#backends.start();
    this.#operators.start();
    if (this.#rebalance !== undefined) this.#repeat(3000, () => this.#keepBusy());
    this.#repeat(2500, () => this.#mishap());
    await this.#pass(this.options.span);
    this.#calm = true;
    this.#weather.clear();
    for (const i of this.#hosts.keys()) await this.#restart(i);
    await this.#pass(CALM);
    this.#backends.tryAllBans();
    await this.#pass(5000);
    this.#ledger.close();
    const past = this.#clock.now - CALM / 2;
    this.#ledger.faults.push(...lostPlans(this.#plans, this.#hosts));
    this.#ledger.faults.push(...leftRooms(this.#plans, this.#servers, past));
    for (const server of this.#servers) server.stop();
    await this.#pass(HUSH);
    this.#ledger.faults.push(...await this.#disagreements());
    this.#step();
    const { faults, counts } = this.#ledger;
    return {
      seed: this.options.seed,
      faults,
      at: this.#firstFault,
      events: this.#clock.events,
      counts,
      moves: this.#moves.count,
    };
  }

  /** What the gateways go on seeing differently: something may be on its way at any moment. */
  async #disagreements(): Promise<string[]> {
    for (let look = 1; look < LOOKS; look++) {
      if (disagreements(this.#hosts).length === 0) return [];
      await this.#pass(LOOK_AFTER);
    }
    return disagreements(this.#hosts);
  }

  #pass(span: Milliseconds): Promise<void> {
    return this.#clock.run(this.#clock.now + span, () => this.#step());
  }

  #step(): void {
    if (this.#clock.events % CHECK_EVERY === 0) { for (const host of this.#hosts) this.#compare(host); }
    if (this.#ledger.faults.length > 0) this.#firstFault ??= this.#clock.now;
  }

  #compare(host: Host): void {
    const { alive, gateway } = host;
    if (!alive || this.#inconsistent.has(host)) return;
    if (host.isInTouch) this.#heard.set(host, this.#clock.now);
    try {
      gateway.inspect(checkConsistency);
      this.#doubted.delete(host);
    } catch (error) {
      // A change of its own that is on its way holds back others' of the same thing, but not the sums that come with them.
      const { now } = this.#clock;
      const since = this.#doubted.get(host) ?? now;
      this.#doubted.set(host, since);
      if (now - since < (this.#hosts.length > 1 ? ON_ITS_WAY : 0)) return;
      // What one tells that comes back may be older than what the others have heard: their next reports put that right.
      if (!this.#hosts.every(({ isBack }) => isBack)) return;
      if (!host.isInTouch && since - (this.#heard.get(host) ?? -Infinity) <= AT_ONCE) return; // cut off amid what another one told
      this.#ledger.faults.push(
        `the model is not consistent: ${error instanceof Error ? error.message : error}`,
      );
      this.#inconsistent.add(host);
    }
  }

  #happens(kind: FaultKind, chance: number): boolean {
    // Drawn in any case, so that leaving a kind out changes as little else as can be.
    const drawn = this.#chance.random() < chance;
    return drawn && !this.#calm && !this.options.without?.has(kind);
  }

  #latency(): Milliseconds {
    return this.#chance.exponential(8);
  }

  #repeat(mean: Milliseconds, act: () => void): void {
    this.#clock.after(this.#chance.exponential(mean), () => {
      if (this.#calm) return;
      act();
      this.#repeat(mean, act);
    });
  }

  #startHost(): Promise<Host> {
    return Host.start({
      clock: this.#clock,
      openStore: (options, timers) => this.#openStore(options, timers),
      unixTime: this.#weather.unixTime,
      random: () => this.#chance.random(),
      settings: {
        updateInterval: INTERVAL,
        disableTimeout: DISABLE_TIMEOUT,
        removeTimeout: 60_000,
        tokenLifetime: TOKEN_LIFETIME,
        grantTimeout: GRANT_TIMEOUT,
        placement: { rebalance: this.#rebalance },
      },
      syncPlaces: this.#syncPlaces,
      changed: (change, host) => this.#changed(change, host),
      reported: (report, host) => this.#told.tell(host, report, this.#clock.now),
    });
  }

  /** One gateway has a disk to itself; several share a log in memory, which nothing happens to but that it is away. */
  #openStore(options: StoreOptions, timers: Timers): MortalStore {
    const { mood } = this.#weather;
    if (this.options.gateways === undefined || this.options.gateways === 1) {
      return new SimulatedStore(this.#disk, options, timers, mood);
    }
    return new MemoryStore(this.#log, options, {
      isAway: mood.fails,
      lag: () => this.#chance.exponential(30),
      after: timers.after,
      handOverFor: INTERVAL,
    });
  }

  #changed(change: Change, host: Host): void {
    switch (change.type) {
      case "miscounted":
        this.#ledger.faults.push(`the model counted wrong: ${JSON.stringify(change)}`);
        return;
      case "group-placed":
        return change.overload === undefined ? undefined : this.#moves.moved(change, host);
      case "server-drained":
        return this.#watch.drained(change.server, host);
      case "server-evicting":
        return this.#watch.evicting(change.server, host);
      case "task-queued": {
        // A place on a server that is draining is given up: who holds a token for it is refused there, but perhaps not at once.
        const { task, server } = change;
        const span = task.kind === "RoomClose" ? banTime(JSON.parse(task.json)) : 0;
        const givesUp = span > 0 && span !== INTERVAL && this.#plans.mayDrain(server);
        if (!givesUp) return;
        const group = groupName(task.room[1]);
        this.#watch.gaveUp(group, server, host);
        this.#ledger.excuse(group);
      }
    }
  }

  #mishap(): void {
    const kind = FAULTS[this.#chance.integer(0, FAULTS.length - 1)]!;
    const span = this.#chance.exponential(1500);
    const server = pick(this.#chance, this.#servers);
    const number = this.#chance.integer(0, this.#hosts.length - 1);
    if (!this.#happens(kind, 1)) return;
    switch (kind) {
      case "kill":
        return this.#kill(number, "process", span);
      case "power": // of the machine that the gateways and their store are on
        return this.#hosts.forEach((_, i) => this.#kill(i, "power", span));
      case "pause":
        return this.#pause(this.#hosts[number]!, Math.min(15_000, span * 4));
      case "full disk":
        return this.#weather.fillDisk(span * 2);
      case "slow disk":
        return this.#weather.slowDisk(span * 2);
      case "lost answers":
        return server.hangUp();
      case "server crash":
        return this.#crashServer(server, span * 3);
      case "clock jump":
        return this.#setClock(this.#chance.uniform(-1_200_000, 1_200_000));
      case "other pool":
        server.pool = POOLS.find((pool) => pool !== server.pool)!;
    }
  }

  #pause(host: Host, span: Milliseconds): void {
    host.pause(span);
    if (span > LEASE && this.#hosts.length > 1) {
      for (const server of this.#servers) server.gatewayTakenForDead(host);
    }
  }

  /** A server has something else to do for a while. */
  #keepBusy(): void {
    const server = pick(this.#chance, this.#servers);
    server.otherLoad = 0.6;
    this.#clock.after(this.#chance.exponential(6000), () => server.otherLoad = 0);
  }

  #setClock(by: Milliseconds): void {
    this.#weather.setClock(by);
    if (this.#hosts.length > 1 || !this.#hosts.every(({ alive }) => alive)) this.#doubt();
  }

  /** When what is stored ends is not certain any more. */
  #doubt(): void {
    this.#doubts++;
    this.#plans.doubtDeadlines();
    for (const server of this.#servers) this.#operators.excuseOverdue(server);
  }

  #kill(number: number, loss: Loss, span: Milliseconds): void {
    const host = this.#hosts[number]!;
    if (!host.alive) return;
    host.kill();
    this.#moves.died(host);
    const neglected = this.#weather.neglectedFor(host);
    if (neglected !== undefined && this.#hosts.length === 1) {
      this.#ledger.faults.push(`the wall clock was set ${neglected} ms ago, and nothing is written anew`);
    }
    if (this.#weather.misdated) this.#doubt();
    for (const server of this.#servers) server.gatewayDied(host);
    for (const group of this.#disk.crash(loss)) this.#ledger.excuse(group);
    this.#clock.after(Math.min(span, DISABLE_TIMEOUT), () => void this.#restart(number));
  }

  async #restart(number: number): Promise<void> {
    if (this.#hosts[number]!.alive) return;
    this.#weather.forgetClock();
    this.#hosts[number] = await this.#startHost();
  }

  /** A server ends, with all that is on it; that is a reason to place its groups anew once it has been silent for long. */
  #crashServer(server: FaultyServer, span: Milliseconds): void {
    for (const group of this.#ledger.groupsOn(server.address)) this.#ledger.excuse(group);
    this.#ledger.serverGone(server.address);
    server.crash(Math.min(span, 20_000));
    for (const home of server.homes) this.#ledger.excuse(home);
  }

  #read(server: FaultyServer, task: Task, line: Line): void {
    this.#ledger.read(server.address, task, line);
    if (task.task !== "RoomClose") return;
    const [, room] = task.id;
    server.refuse(room, banTime(task));
    server.empty(room);
  }

  /** A call to a gateway, and its answer, if both arrive. */
  #call<Result>(ask: (host: Host) => Promise<Result>, answered: (result: Result) => void): () => boolean {
    const host = this.#hosts.length === 1 ? this.#hosts[0]! : pick(this.#chance, this.#hosts);
    let over = this.#happens("lost answers", 0.02);
    if (over) return () => true;
    this.#clock.after(this.#latency(), () =>
      host.whenRunning(async () => {
        const result = await ask(host);
        over = !host.alive || this.#happens("lost answers", 0.02);
        if (over) return;
        this.#clock.after(this.#latency(), () => {
          over = true;
          answered(result);
        });
      }));
    return () => over || !host.alive;
  }
}

/** How long a RoomClose keeps everybody out, in milliseconds. */
function banTime(task: Task): Milliseconds {
  if (task.task !== "RoomClose") return 0;
  const { secs, nanos } = task.ban_time;
  return secs * 1000 + nanos / 1e6;
}

import { type Address, groupName, type Milliseconds, type RoomId, type Task } from "../../src/fleet/mod.ts";
import { checkConsistency } from "../../src/fleet/testing.ts";
import { bytesOf, Ledger } from "../ledger.ts";
import { Chance } from "../placement/chance.ts";
import { Clock } from "./clock.ts";
import { Disk, type Loss } from "./disk.ts";
import { Host } from "./host.ts";
import { FaultyServer } from "./server.ts";

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
] as const;

export type FaultKind = typeof FAULTS[number];

/** A world of a seed. */
export interface WorldOptions {
  readonly seed: number;
  /** Simulated milliseconds. */
  readonly span: Milliseconds;
  readonly without?: ReadonlySet<FaultKind>;
}

/** What became of it: without a fault, everything that was promised was kept. */
export interface Outcome {
  readonly seed: number;
  readonly faults: readonly string[];
  /** When the first was seen, in simulated milliseconds. */
  readonly at: Milliseconds | undefined;
  readonly events: number;
  readonly counts: Ledger["counts"];
}

const SERVERS = 4;
const GROUPS = 12;
const INTERVAL: Milliseconds = 1000;
const DISABLE_TIMEOUT: Milliseconds = 10_000;
const TOKEN_LIFETIME: Milliseconds = 20_000;
const UNIX_START = 1_800_000_000_000;

/** At the end all is quiet for so long, and everything that waits arrives. */
const CALM: Milliseconds = 30_000;

/** The model is compared with itself after each so-many-th event. */
const CHECK_EVERY = 10;

/** Clients, backends, servers and mishaps around a gateway, all decided by one seed. */
export class World {
  readonly #chance: Chance;
  readonly #clock = new Clock();
  readonly #disk = new Disk();
  readonly #ledger: Ledger;
  readonly #servers: FaultyServer[];
  readonly #bans = new Map<string, { room: string; user: string; state: "banned" | "lifted" | "unknown" }>();
  readonly #syncPlaces: boolean;
  #host!: Host;
  #skew: Milliseconds = 0;
  #diskFullUntil: Milliseconds = -Infinity;
  #diskSlowUntil: Milliseconds = -Infinity;
  #calm = false;
  #users = 0;
  #firstFault: Milliseconds | undefined;

  constructor(readonly options: WorldOptions) {
    this.#chance = new Chance(options.seed);
    this.#syncPlaces = this.#chance.random() < 0.5;
    this.#ledger = new Ledger(() => this.#clock.now / 1000, false);
    this.#servers = Array.from(
      { length: SERVERS },
      (_, i) =>
        new FaultyServer(`s${i}.example:1` as Address, INTERVAL, {
          clock: this.#clock,
          chance: this.#chance,
          host: () => this.#host,
          latency: () => this.#latency(),
          loses: () => this.#happens("lost answers", 0.05),
          read: (server, task, line) => {
            this.#ledger.read(server.address, task, line);
            if (task.task === "RoomClose") this.#empty(server, task.id[1]);
          },
        }),
    );
  }

  async run(): Promise<Outcome> {
    await this.#start();
    for (const server of this.#servers) {
      server.join(homeOf(server));
      server.start();
    }
    while (this.#servers.some(({ reports }) => reports === 0)) await this.#pass(INTERVAL);
    const { span } = this.options;
    this.#repeat(20, () => this.#visit());
    this.#repeat(100, () => this.#manage());
    this.#repeat(150, () => this.#ban());
    this.#repeat(100, () => this.#tryBan());
    this.#repeat(1500, () => this.#closeRoom());
    this.#repeat(2500, () => this.#mishap());
    await this.#pass(span);
    this.#calm = true;
    this.#diskFullUntil = this.#diskSlowUntil = -Infinity;
    if (!this.#host.alive) await this.#start();
    await this.#pass(CALM);
    for (const ban of this.#bans.values()) this.#tryBan(ban);
    await this.#pass(5000);
    this.#ledger.close();
    this.#step();
    const { faults, counts } = this.#ledger;
    return { seed: this.options.seed, faults, at: this.#firstFault, events: this.#clock.events, counts };
  }

  #pass(span: Milliseconds): Promise<void> {
    return this.#clock.run(this.#clock.now + span, () => this.#step());
  }

  #step(): void {
    if (this.#clock.events % CHECK_EVERY === 0 && this.#host.alive) {
      try {
        this.#host.gateway.inspect(checkConsistency);
      } catch (error) {
        this.#ledger.faults.push(
          `the model is not consistent: ${error instanceof Error ? error.message : error}`,
        );
        this.#calm = true;
      }
    }
    if (this.#ledger.faults.length > 0) this.#firstFault ??= this.#clock.now;
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

  async #start(): Promise<void> {
    this.#host = await Host.start({
      clock: this.#clock,
      disk: this.#disk,
      unixTime: () => UNIX_START + Math.floor(this.#clock.now) + this.#skew,
      random: () => this.#chance.random(),
      mood: {
        fails: () => this.#clock.now < this.#diskFullUntil,
        latency: () =>
          this.#clock.now < this.#diskSlowUntil
            ? this.#chance.uniform(100, 1500)
            : this.#chance.uniform(0, 6),
      },
      settings: {
        updateInterval: INTERVAL,
        disableTimeout: DISABLE_TIMEOUT,
        removeTimeout: 60_000,
        tokenLifetime: TOKEN_LIFETIME,
      },
      syncPlaces: this.#syncPlaces,
    });
  }

  #mishap(): void {
    const kind = FAULTS[this.#chance.integer(0, FAULTS.length - 1)]!;
    const span = this.#chance.exponential(1500);
    const server = this.#pick(this.#servers);
    if (!this.#happens(kind, 1)) return;
    switch (kind) {
      case "kill":
        return this.#kill("process", span);
      case "power":
        return this.#kill("power", span);
      case "pause":
        return this.#host.pause(Math.min(15_000, span * 4));
      case "full disk":
        this.#diskFullUntil = this.#clock.now + span * 2;
        return;
      case "slow disk":
        this.#diskSlowUntil = this.#clock.now + span * 2;
        return;
      case "lost answers":
        return server.hangUp();
      case "server crash":
        return this.#crashServer(server, span * 3);
      case "clock jump":
        this.#skew += this.#chance.uniform(-1_200_000, 1_200_000);
    }
  }

  #kill(loss: Loss, span: Milliseconds): void {
    if (!this.#host.alive) return;
    this.#host.kill();
    for (const server of this.#servers) server.gatewayDied();
    for (const group of this.#disk.crash(loss)) this.#ledger.excuse(group);
    this.#clock.after(Math.min(span, DISABLE_TIMEOUT), () => {
      if (!this.#host.alive) void this.#start();
    });
  }

  /** A server ends, with all that is on it; that is a reason to place its groups anew once it has been silent for long. */
  #crashServer(server: FaultyServer, span: Milliseconds): void {
    for (const group of this.#ledger.groupsOn(server.address)) this.#ledger.excuse(group);
    this.#ledger.serverGone(server.address);
    server.crash(Math.min(span, 20_000));
    this.#ledger.excuse(homeOf(server));
    this.#clock.after(span, () => server.join(homeOf(server)));
  }

  #empty(server: FaultyServer, room: string): void {
    while (server.leave(room)) this.#ledger.left(groupName(room), server.address);
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#chance.integer(0, items.length - 1)]!;
  }

  /** A call to the gateway, and its answer, if both arrive. */
  #call<Result>(ask: (host: Host) => Promise<Result>, answered: (result: Result) => void): void {
    const host = this.#host;
    if (this.#happens("lost answers", 0.02)) return;
    this.#clock.after(this.#latency(), () =>
      host.whenRunning(async () => {
        const result = await ask(host);
        if (!host.alive || this.#happens("lost answers", 0.02)) return;
        this.#clock.after(this.#latency(), () => answered(result));
      }));
  }

  #connect(
    room: string,
    user: string,
    answered: (outcome: Awaited<ReturnType<Host["gateway"]["connect"]>>, until: number) => void,
  ): void {
    const input = {
      customer: "acme",
      licence: { maxPeers: Infinity, maxRooms: Infinity },
      namespace: "acme",
      rooms: [room],
      user,
      pool: "default",
    };
    let until = 0;
    this.#call(async ({ gateway }) => {
      const outcome = await gateway.connect(input);
      until = this.#clock.now + TOKEN_LIFETIME; // the token is made when the answer is
      return outcome;
    }, (outcome) => answered(outcome, until));
  }

  #visit(): void {
    const group = `group ${this.#chance.integer(0, GROUPS - 1)}`;
    const room = `{${group}} ${this.#chance.integer(0, 2)}`;
    const comes = this.#chance.random() < 0.8;
    const delay = this.#chance.random() ** 3;
    const stay = this.#chance.exponential(8000);
    this.#connect(room, `guest ${this.#users++}`, (outcome, until) => {
      if (!outcome.granted) {
        if (outcome.reason !== "not-durable" && outcome.reason !== "no-server") {
          this.#ledger.faults.push(`a guest of ${room} is refused: ${outcome.reason}`);
        }
        return;
      }
      const server = this.#servers.find(({ address }) => address === outcome.server)!;
      if (!server.isUp) this.#ledger.excuse(group); // it may stay down for longer than the gateway waits for it
      this.#ledger.granted(group, outcome.server, until / 1000);
      if (!comes) return;
      const { crashes } = server;
      const wait = delay * Math.max(0, until - this.#clock.now);
      this.#clock.after(wait, () => {
        if (!server.isUp || server.crashes !== crashes) return;
        server.join(room);
        this.#ledger.joined(group, server.address);
        this.#clock.after(stay, () => {
          if (server.crashes === crashes && server.leave(room)) this.#ledger.left(group, server.address);
        });
      });
    });
  }

  /** An update or a message for a room that lives throughout. */
  #manage(): void {
    const room = homeOf(this.#pick(this.#servers));
    const number = this.#ledger.nextNumber();
    const bytes = bytesOf(number);
    const id: RoomId = ["acme", room];
    this.#ask(
      number,
      room,
      this.#chance.random() < 0.5
        ? { task: "RoomUpdate", id, user_data: bytes }
        : { task: "RoomSendMessage", id, user_id: "everybody", message: bytes },
    );
  }

  #ask(
    number: number,
    room: string,
    task: Task,
    banTime?: Milliseconds,
    told?: (accepted: boolean) => void,
  ): void {
    this.#ledger.ask(number, room, task.task);
    this.#call(({ gateway }) => gateway.manage({ task, banTime, customer: "acme" }), (outcome) => {
      this.#ledger.answered(number, outcome === "accepted" ? "acknowledged" : "refused");
      told?.(outcome === "accepted");
    });
  }

  #ban(): void {
    const room = homeOf(this.#pick(this.#servers));
    const inForce = [...this.#bans.values()].filter(({ state }) => state === "banned");
    const lifts = this.#chance.random() < 0.2 && inForce.length > 0;
    const known = lifts ? this.#pick(inForce) : undefined;
    const number = this.#ledger.nextNumber();
    const ban = known ?? { room, user: `banned-${number}`, state: "unknown" as const };
    const before = ban.state;
    ban.state = "unknown";
    this.#bans.set(ban.user, ban);
    const ban_time = { secs: lifts ? 0 : 3600, nanos: 0 };
    const task: Task = { task: "RoomBanClient", id: ["acme", ban.room], user_id: ban.user, ban_time };
    // A lift is a task for a user whose name carries another number: it is not followed up.
    const told = (accepted: boolean) => {
      if (this.#bans.get(ban.user) === ban) ban.state = accepted ? lifts ? "lifted" : "banned" : before;
    };
    if (!lifts) return this.#ask(number, ban.room, task, 3_600_000, told);
    this.#call(
      ({ gateway }) => gateway.manage({ task, banTime: 0, customer: "acme" }),
      (o) => told(o === "accepted"),
    );
  }

  /** A ban holds; one that was lifted, or refused, does not. */
  #tryBan(ban = this.#bans.size === 0 ? undefined : this.#pick([...this.#bans.values()])): void {
    if (ban === undefined || ban.state === "unknown") return;
    const { state } = ban;
    this.#connect(ban.room, ban.user, (outcome) => {
      if (ban.state !== state) return; // it has changed meanwhile
      const banned = !outcome.granted && outcome.reason === "banned";
      if (!outcome.granted && (outcome.reason === "not-durable" || outcome.reason === "no-server")) return;
      if (banned !== (state === "banned")) {
        this.#ledger.faults.push(`${ban.user} is ${state}, and a Connect says ${JSON.stringify(outcome)}`);
      }
    });
  }

  /** A room with somebody in it is closed. */
  #closeRoom(): void {
    const number = this.#ledger.nextNumber();
    const room = `closing-${number}`;
    this.#connect(room, "u", (outcome, until) => {
      if (!outcome.granted) return;
      const server = this.#servers.find(({ address }) => address === outcome.server)!;
      const { crashes } = server;
      if (!server.isUp) return;
      server.join(room);
      this.#ledger.granted(room, server.address, until / 1000);
      this.#ledger.joined(room, server.address);
      this.#clock.after(3 * INTERVAL, () => {
        if (server.crashes !== crashes) return;
        this.#ask(
          number,
          room,
          { task: "RoomClose", id: ["acme", room], ban_time: { secs: 0, nanos: 0 } },
          0,
        );
      });
    });
  }
}

/** The room of a server that lives throughout. */
function homeOf({ address }: FaultyServer): string {
  return `home of ${address}`;
}

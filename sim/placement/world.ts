import {
  type Address,
  connect,
  createModel,
  endHandOver,
  type FleetSettings,
  granted,
  handOverTasks,
  type Milliseconds,
  type Model,
  plan,
  rebalance,
  type Report,
  report,
  type ReportedRoom,
  tick,
} from "../../src/fleet/mod.ts";
import { checkConsistency } from "../../src/fleet/testing.ts";
import { Chance } from "./chance.ts";
import { Agenda } from "./agenda.ts";
import type { Contender } from "./contenders.ts";
import { Gateways } from "./gateways.ts";
import { Host } from "./host.ts";
import { Inconsistency } from "./inconsistency.ts";
import { type Figures, Measurement } from "./measurement.ts";
import type { SimulatedRoom, Workload } from "./workload.ts";

const UNLIMITED = { maxPeers: Infinity, maxRooms: Infinity };
const POOL = "default";
const TICK: Milliseconds = 1000;

/** What one of several gateways does the others know after so long. */
const LAG: Milliseconds = 50;

/** The model is compared with itself after so long each time. */
const CHECK_EVERY: Milliseconds = 5 * 60_000;

/** A client's time from its answer to its server, and until it tries again after it lost its room. */
const TO_SERVER = [200, 1500] as const;
const TO_RECONNECT = [1000, 4000] as const;

/** A server that was restarted is back after so long. */
const RESTART: Milliseconds = 30_000;

/** Where a client is that is in no room. */
const AWAY = -1;

/**
 * A fleet with its clients in simulated time, around the gateway's own model: every Connect, report and tick is the
 * real operation. The same workload, contender and seed give the same run.
 */
export class World {
  readonly model: Model;
  readonly hosts: readonly Host[];
  /** The room that is being placed, for contenders that know more than a gateway can. */
  placing: SimulatedRoom | undefined;
  now: Milliseconds = 0;
  readonly #agenda: Agenda;
  readonly #chance: Chance;
  /** Chooses among several gateways: what else is drawn is the same as with one. */
  readonly #balancer: Chance;
  readonly #hostOf = new Map<string, Host>();
  readonly #roomOf: Int32Array;
  readonly #firstClient: Int32Array;
  /** For each client the host it is in a room of, or AWAY. */
  readonly #place: Int32Array;
  readonly #ids: readonly (readonly [string, string])[];
  #roomsMoved = 0;
  #refused = 0;
  readonly #measurement: Measurement;
  readonly #gateways: Gateways;

  /** @param gateways how many share the fleet; each call and each report comes to one of them by chance */
  constructor(
    readonly workload: Workload,
    readonly contender: Contender,
    settings: FleetSettings,
    seed: number,
    gateways = 1,
  ) {
    this.#chance = new Chance(seed);
    this.#balancer = new Chance(-1 - seed);
    this.#agenda = new Agenda(workload.end);
    this.hosts = workload.servers.map(({ address, capacity }, i) =>
      new Host(address as Address, capacity, i, workload.work)
    );
    for (const host of this.hosts) this.#hostOf.set(host.address, host);
    const { choose, ...placement } = contender.placement(this);
    const models = Array.from({ length: gateways }, () =>
      createModel({
        ...settings,
        placement: { ...settings.placement, ...placement, strategy: contender.name, choose },
      }));
    this.model = models[0]!;
    const later = (wait: Milliseconds, act: () => void) => this.#agenda.add(this.now + wait, act);
    this.#gateways = new Gateways(models, LAG, () => this.now, later);
    const { rooms } = workload;
    const clients = rooms.reduce((sum, { joins }) => sum + joins.length, 0);
    this.#roomOf = new Int32Array(clients);
    this.#firstClient = new Int32Array(rooms.length + 1);
    this.#place = new Int32Array(clients).fill(AWAY);
    let client = 0;
    rooms.forEach((room, number) => {
      this.#firstClient[number] = client;
      for (const join of room.joins) {
        this.#roomOf[client] = number;
        const its = client++;
        this.#agenda.add(join, () => this.#join(its));
      }
    });
    this.#firstClient[rooms.length] = client;
    this.#ids = rooms.map(({ namespace, name }) => [namespace, name]);
    workload.servers.forEach(({ phase }, i) => this.#agenda.add(phase, () => this.#report(this.hosts[i]!)));
    for (const incident of workload.incidents) {
      const host = this.hosts[incident.server]!;
      this.#agenda.add(incident.at, () => {
        if (incident.what === "crash") this.#crash(host, incident.back);
        else this.#restart(host, incident.deadline);
      });
    }
    this.#agenda.add(TICK, () => this.#tick());
    this.#agenda.add(CHECK_EVERY, () => this.#check());
    this.#agenda.add(workload.warmUp, () => this.#measure());
    this.#measurement = new Measurement(this.hosts);
  }

  /** @throws {Inconsistency} where the model does not agree with itself */
  run(): Figures {
    for (const { at, event } of this.#agenda) {
      this.now = at;
      event();
    }
    this.#compare();
    const interval = this.workload.reportInterval;
    return { ...this.#measurement.figures(), interval, roomsMoved: this.#roomsMoved, refused: this.#refused };
  }

  #join(client: number): void {
    const number = this.#roomOf[client]!;
    const room = this.workload.rooms[number]!;
    const leaves = this.#leaves(client);
    if (this.now >= leaves) return;
    const model = this.#anyModel();
    this.#gateways.claim(model, [room.namespace, room.name]);
    this.placing = room;
    const input = {
      customer: room.namespace,
      licence: UNLIMITED,
      namespace: room.namespace,
      rooms: [room.name],
      user: String(client),
      pool: POOL,
    };
    const { outcome, changes } = connect(model, input, this.now, this.#chance.random);
    this.placing = undefined;
    if (!outcome.granted) {
      this.#refused++;
      this.#later(TO_RECONNECT, () => this.#join(client));
      return;
    }
    this.#gateways.tell(model, [...changes, ...granted(input, outcome.server)]);
    const host = this.#hostOf.get(outcome.server)!;
    this.contender.granted?.(this, host, room);
    this.#later(TO_SERVER, () => this.#arrive(client, number, host));
  }

  #arrive(client: number, number: number, host: Host): void {
    const leaves = this.#leaves(client);
    if (this.now >= leaves) return;
    if (!host.alive) {
      this.#later(TO_RECONNECT, () => this.#join(client));
      return;
    }
    this.#place[client] = host.index;
    host.fill(number, (host.rooms.get(number) ?? 0) + 1, this.now);
    this.#agenda.add(leaves, () => this.#leave(client, number, host));
  }

  #leave(client: number, number: number, host: Host): void {
    if (this.#place[client] !== host.index) return;
    this.#place[client] = AWAY;
    host.fill(number, host.rooms.get(number)! - 1, this.now);
  }

  #leaves(client: number): Milliseconds {
    const number = this.#roomOf[client]!;
    return this.workload.rooms[number]!.leaves[client - this.#firstClient[number]!]!;
  }

  /** All clients of the room on this host lose it, and ask the gateway again. */
  #close(number: number, host: Host): void {
    host.fill(number, 0, this.now);
    this.#roomsMoved++;
    for (let client = this.#firstClient[number]!; client < this.#firstClient[number + 1]!; client++) {
      if (this.#place[client] !== host.index) continue;
      this.#place[client] = AWAY;
      this.#later(TO_RECONNECT, () => this.#join(client));
    }
  }

  #crash(host: Host, back: Milliseconds): void {
    for (const number of [...host.rooms.keys()]) this.#close(number, host);
    host.alive = false;
    this.#agenda.add(this.now + back, () => host.alive = true);
  }

  #restart(host: Host, deadline: Milliseconds): void {
    this.#plan(host, this.now + deadline);
    this.#agenda.add(this.now + deadline + 2 * this.workload.reportInterval, () => {
      this.#crash(host, RESTART);
      this.#agenda.add(this.now + RESTART, () => this.#plan(host, undefined));
    });
  }

  #plan(host: Host, deadline: Milliseconds | undefined): void {
    const draining = deadline === undefined ? undefined : { deadline };
    this.#gateways.tell(this.model, plan(this.model, host.address, { draining }).changes);
  }

  /** The gateway that a call comes to. */
  #anyModel(): Model {
    const { models } = this.#gateways;
    return models.length === 1 ? this.model : models[this.#balancer.integer(0, models.length - 1)]!;
  }

  #report(host: Host): void {
    const { reportInterval, loadNoise, lostReports, staleReports } = this.workload;
    this.#agenda.add(this.now + reportInterval, () => this.#report(host));
    const noise = loadNoise * this.#chance.normal();
    if (!host.alive || this.#chance.random() < lostReports) return;
    const rooms: ReportedRoom[] = [];
    for (const [number, peers] of host.rooms) {
      const id = this.#ids[number]!;
      const age = this.now - host.opened.get(number)!;
      rooms.push({ id, customer: id[0], peers, age: { secs: Math.floor(age / 1000), nanos: 0 } });
    }
    const load = Math.min(1, Math.max(0, host.load + noise));
    const input = { address: host.address, pool: POOL, version: "1", load, clients: host.clients, rooms };
    if (staleReports === 0) this.#hear(host, input);
    else this.#later([0, staleReports], () => this.#hear(host, input));
  }

  #hear(host: Host, input: Report): void {
    const model = this.#anyModel();
    const { changes } = report(model, input, this.now);
    this.#gateways.tell(model, changes);
    const { moved } = rebalance(model, host.address, this.now, this.#chance.random);
    if (moved !== undefined) this.#gateways.tell(model, moved.changes);
    const { tasks, handOver, changes: handed } = handOverTasks(model, host.address, this.now);
    this.#gateways.tell(model, handed);
    if (handOver !== undefined) {
      this.#gateways.tell(model, endHandOver(model, host.address, handOver, "read", this.now));
    }
    for (const { task, id } of tasks) {
      if (task !== "RoomClose") continue;
      // One of the rooms that have had this name.
      for (const number of host.rooms.keys()) {
        const [namespace, name] = this.#ids[number]!;
        if (name === id[1] && namespace === id[0]) this.#close(number, host);
      }
    }
  }

  #tick(): void {
    this.#agenda.add(this.now + TICK, () => this.#tick());
    for (const model of this.#gateways.models) this.#gateways.tell(model, tick(model, this.now));
  }

  #check(): void {
    this.#agenda.add(this.now + CHECK_EVERY, () => this.#check());
    this.#compare();
  }

  #compare(): void {
    if (this.#gateways.models.length > 1) return; // each knows a little later what the others have done
    try {
      checkConsistency(this.model);
    } catch (cause) {
      const minutes = (this.now / 60_000).toFixed(1);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Inconsistency(`after ${minutes} simulated minutes the model is not consistent: ${why}`, {
        cause,
      });
    }
  }

  #measure(): void {
    this.#agenda.add(this.now + this.workload.reportInterval, () => this.#measure());
    this.#measurement.sample();
  }

  #later([low, high]: readonly [number, number], event: () => void): void {
    this.#agenda.add(this.now + this.#chance.uniform(low, high), event);
  }
}

import { Connection } from "../../src/edge/http/connection.ts";
import { type Address, duration, type Milliseconds, type Task } from "../../src/fleet/mod.ts";
import type { Line } from "../ledger.ts";
import type { Chance } from "../placement/chance.ts";
import type { Clock } from "./clock.ts";
import type { Host } from "./host.ts";

/** What a server reaches, and how well. */
export interface ServerNetwork {
  readonly clock: Clock;
  readonly chance: Chance;
  /** The gateway's process that is there now, of those that the server may turn to. */
  readonly host: (server: FaultyServer) => Host;
  /** Time for one way, in milliseconds. */
  readonly latency: () => Milliseconds;
  /** Whether what is sent now does not arrive. */
  readonly loses: () => boolean;
  readonly read: (server: FaultyServer, task: Task, line: Line) => void;
}

/** A connection of a server to one life of the gateway. */
interface Link {
  readonly host: Host;
  readonly connection: Connection;
  readonly line: Line;
}

/** A report whose answer has not come is given up after so long. */
const PATIENCE: Milliseconds = 1000;

/** A server in simulated time: it reports, loses answers and connections, and carries out the tasks that it has read. */
export class FaultyServer {
  /** What each member of a room does when he is out of it, by the room's name. */
  readonly #rooms = new Map<
    string,
    { readonly namespace: string; readonly opened: Milliseconds; readonly members: Set<() => void> }
  >();
  /** Rooms that nobody may join, and until when. */
  readonly #refused = new Map<string, Milliseconds>();
  reports = 0;
  crashes = 0;
  /** Load by something else than clients. */
  otherLoad = 0;
  /** How many rooms of its own it has had, one after the other. */
  #homes = 0;
  #knownHome = "";
  #quiet = false;
  #heard = false;
  #link: Link | undefined;
  /** All its connections, those that have ended included. */
  readonly #lines: { readonly line: Line; readonly host: Host }[] = [];
  #downUntil: Milliseconds = -Infinity;
  readonly #network: ServerNetwork;

  constructor(
    readonly address: Address,
    readonly interval: Milliseconds,
    public pool: string,
    network: ServerNetwork,
  ) {
    this.#network = network;
  }

  /** Whether it has reported since it was there again: until then a gateway may still count it as silent. */
  get isHeard(): boolean {
    return this.isUp && this.#heard;
  }

  get isUp(): boolean {
    return this.#network.clock.now >= this.#downUntil;
  }

  start(): void {
    this.#network.clock.after(this.#network.chance.uniform(0, this.interval), () => this.#report());
  }

  /** Ends with all its rooms, and is there again later. */
  crash(span: Milliseconds): void {
    this.#downUntil = this.#network.clock.now + span;
    this.crashes++;
    this.#heard = false;
    for (const room of [...this.#rooms.keys()]) this.empty(room);
    this.#refused.clear();
    this.hangUp();
  }

  /** It reports no more. */
  stop(): void {
    this.#quiet = true;
  }

  /** Its connection breaks. */
  hangUp(): void {
    const link = this.#link;
    this.#link = undefined;
    if (link === undefined) return;
    link.line.broken = true;
    link.host.whenRunning(() => link.connection.ended(true));
  }

  /** A gateway has died: what it knew of connections, also of those that had ended well, may be lost. */
  gatewayDied(host: Host): void {
    if (this.#link?.host === host) this.hangUp();
    this.gatewayTakenForDead(host);
  }

  /** A gateway stands still for so long that the others take it for dead: what it knew of connections they do not know. */
  gatewayTakenForDead(host: Host): void {
    for (const { line, host: its } of this.#lines) if (its === host) line.broken = true;
  }

  /** The room of its own, which lives throughout if nothing ends it, once gateways know of it. */
  get home(): string {
    return this.#knownHome;
  }

  /** Somebody opens a room of its own, another one than before. */
  settle(): void {
    this.#homes++;
    this.join(this.#newestHome, "acme");
  }

  /** Its rooms of its own: the one that gateways know of, and the one that it has now. */
  get homes(): readonly string[] {
    return [this.#knownHome, this.#newestHome];
  }

  get hasHome(): boolean {
    return this.#rooms.has(this.#newestHome);
  }

  get #newestHome(): string {
    return `home ${this.#homes} of ${this.address}`;
  }

  /**
   * Somebody comes in.
   *
   * @param left called once he is out again, for whatever reason
   * @returns how he leaves; nothing where the room is refused
   */
  join(room: string, namespace: string, left = () => {}): (() => void) | undefined {
    if ((this.#refused.get(room) ?? -Infinity) > this.#network.clock.now) return undefined;
    const opened = this.#network.clock.now;
    const its = this.#rooms.get(room) ?? { namespace, opened, members: new Set() };
    this.#rooms.set(room, its);
    const leave = () => {
      if (!its.members.delete(leave)) return;
      if (its.members.size === 0) this.#rooms.delete(room);
      left();
    };
    its.members.add(leave);
    return leave;
  }

  /** Everybody is sent out of the room. */
  empty(room: string): void {
    for (const leave of [...this.#rooms.get(room)?.members ?? []]) leave();
  }

  /** From now on nobody may join the room, for so long. */
  refuse(room: string, span: Milliseconds): void {
    this.#refused.set(room, this.#network.clock.now + span);
  }

  get roomNames(): readonly string[] {
    return [...this.#rooms.keys()];
  }

  #report(): void {
    const { clock, chance, latency, loses, host } = this.#network;
    let over = false;
    const next = () => {
      if (over) return;
      over = true;
      clock.after(this.interval * chance.uniform(0.8, 1.2), () => this.#report());
    };
    if (this.#quiet) return;
    if (!this.isUp) return next();
    const link = this.#linkTo(host(this));
    const giveUp = clock.after(PATIENCE, () => {
      if (this.#link === link) this.hangUp();
      next();
    });
    const rooms = Array.from(this.#rooms, ([name, { namespace, opened, members }]) => ({
      id: [namespace, name] as const,
      customer: namespace,
      peers: members.size,
      age: duration((clock.now - opened) / 1000),
    }));
    const home = this.#newestHome;
    const clients = rooms.reduce((sum, { peers }) => sum + peers, 0);
    const report = {
      address: this.address,
      pool: this.pool,
      version: "1",
      load: Math.min(1, clients / 200 + this.otherLoad),
      clients,
      rooms,
    };
    if (loses()) return;
    clock.after(latency(), () =>
      link.host.whenRunning(async () => {
        const proof = link.connection.begin(false, true);
        proof?.reportOf(this.address);
        const outcome = await link.host.gateway.report(report, true);
        proof?.end();
        if (!outcome.accepted) return;
        const sent = { entirely: false };
        if (outcome.delivery !== undefined) {
          link.connection.add(
            outcome.delivery,
            (delivery, fate) => link.host.gateway.delivered(delivery, fate),
            () => sent.entirely,
          );
        }
        sent.entirely = true;
        if (loses()) return;
        clock.after(latency(), () => {
          if (over || this.#link !== link || !this.isUp) return;
          giveUp();
          this.reports++;
          this.#heard = true;
          this.#knownHome = home;
          for (const task of outcome.tasks) this.#network.read(this, task, link.line);
          if (chance.random() < 0.05) this.#endInOrder(link);
          next();
        });
      }));
  }

  /** It has read what came, and closes the connection as one does. */
  #endInOrder(link: Link): void {
    this.#link = undefined;
    link.host.whenRunning(() => link.connection.ended(false));
  }

  #linkTo(host: Host): Link {
    const known = this.#link;
    if (known?.host === host) return known;
    if (known !== undefined) known.line.broken = true;
    const line: Line = { broken: false };
    this.#lines.push({ line, host });
    return this.#link = { host, connection: new Connection(), line };
  }
}

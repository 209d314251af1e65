import { Connection } from "../../src/edge/http/connection.ts";
import type { Address, Milliseconds, Task } from "../../src/fleet/mod.ts";
import type { Line } from "../ledger.ts";
import type { Chance } from "../placement/chance.ts";
import type { Clock } from "./clock.ts";
import type { Host } from "./host.ts";

/** What a server reaches, and how well. */
export interface ServerNetwork {
  readonly clock: Clock;
  readonly chance: Chance;
  /** The gateway's process that is there now. */
  readonly host: () => Host;
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
  /** Members by room. */
  readonly rooms = new Map<string, number>();
  reports = 0;
  crashes = 0;
  #link: Link | undefined;
  /** All its connections, those that have ended included. */
  readonly #lines: Line[] = [];
  #downUntil: Milliseconds = -Infinity;
  readonly #network: ServerNetwork;

  constructor(readonly address: Address, readonly interval: Milliseconds, network: ServerNetwork) {
    this.#network = network;
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
    this.rooms.clear();
    this.hangUp();
  }

  /** Its connection breaks. */
  hangUp(): void {
    const link = this.#link;
    this.#link = undefined;
    if (link === undefined) return;
    link.line.broken = true;
    link.host.whenRunning(() => link.connection.ended(true));
  }

  /** The gateway has died: what it knew of connections, also of those that had ended well, may be lost. */
  gatewayDied(): void {
    this.hangUp();
    for (const line of this.#lines) line.broken = true;
  }

  join(room: string): void {
    this.rooms.set(room, (this.rooms.get(room) ?? 0) + 1);
  }

  /** @returns whether somebody was there */
  leave(room: string): boolean {
    const members = this.rooms.get(room);
    if (members === undefined) return false;
    if (members > 1) this.rooms.set(room, members - 1);
    else this.rooms.delete(room);
    return true;
  }

  #report(): void {
    const { clock, chance, latency, loses, host } = this.#network;
    let over = false;
    const next = () => {
      if (over) return;
      over = true;
      clock.after(this.interval * chance.uniform(0.8, 1.2), () => this.#report());
    };
    if (!this.isUp) return next();
    const link = this.#linkTo(host());
    const giveUp = clock.after(PATIENCE, () => {
      if (this.#link === link) this.hangUp();
      next();
    });
    const rooms = Array.from(
      this.rooms,
      ([name, peers]) => ({ id: ["acme", name] as const, customer: "acme", peers }),
    );
    const clients = rooms.reduce((sum, { peers }) => sum + peers, 0);
    const report = {
      address: this.address,
      pool: "default",
      version: "1",
      load: Math.min(1, clients / 200),
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
    this.#lines.push(line);
    return this.#link = { host, connection: new Connection(), line };
  }
}

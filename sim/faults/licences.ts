import {
  type Address,
  type ConnectInput,
  groupName,
  type Licence,
  type Milliseconds,
} from "../../src/fleet/mod.ts";
import type { Answered, ConnectResult, ConnectWatch } from "./connects.ts";
import type { Host } from "./host.ts";
import type { Plans } from "./plans.ts";
import type { Surroundings } from "./surroundings.ts";
import type { ToldReports } from "./told_reports.ts";

/** How long the gateway counts a client that was granted and does not come. */
export interface LicenceTimes {
  readonly tokenLifetime: Milliseconds;
  readonly grantTimeout: Milliseconds;
}

/** Somebody whom a gateway has let in. */
interface Member {
  readonly server: Address;
  readonly room: string;
  /** The gateway could not count him: whoever has let him in had died, or did not know of all who were there. */
  uncounted: boolean;
  leftAt: Milliseconds;
}

/** Who was not counted may have hidden another one for so long after he left. */
const AFTERMATH: Milliseconds = 10_000;

/** What a gateway holds of a licence ends so long after the last grant by it. */
const SHARE_ENDS: Milliseconds = 10_000;

/** A Connect that may count: when it was, on the clock of a gateway that stops while it does not run. */
interface Asked {
  readonly room: string;
  readonly host: Host;
  readonly at: Milliseconds;
}

/** What may be counted at a moment, at most. */
interface Counted {
  readonly peers: number;
  readonly rooms: ReadonlySet<string>;
  /** Rooms that a server certainly lists. */
  readonly listed: ReadonlySet<string>;
}

/**
 * Holds the gateway to the licence of one customer: never more clients or rooms than it allows, as long as the gateway lives
 * and hears the servers; and nobody refused while there is room by all that may count (`docs/protocol.md` §6).
 */
export class Licences implements ConnectWatch {
  readonly #world: Surroundings;
  readonly #plans: Plans;
  readonly #told: ToldReports;
  readonly #times: LicenceTimes;
  readonly #members = new Set<Member>();
  #asked: Asked[] = [];

  constructor(
    world: Surroundings,
    readonly customer: string,
    readonly licence: Licence,
    plans: Plans,
    told: ToldReports,
    times: LicenceTimes,
  ) {
    this.#world = world;
    this.#plans = plans;
    this.#told = told;
    this.#times = times;
  }

  asked(input: ConnectInput, host: Host): (outcome: ConnectResult) => void {
    if (input.customer !== this.customer) return () => {};
    const counted = this.#countedBy(host);
    const room = input.rooms[0]!;
    const asked = { room, host, at: this.#world.clock.now - host.paused };
    this.#asked.push(asked);
    return (outcome) => {
      if (outcome.granted || (outcome.reason !== "peer-limit" && outcome.reason !== "room-limit")) return;
      this.#asked.splice(this.#asked.indexOf(asked), 1);
      if (counted === undefined || !host.isBack || !host.gateway.condition.storable) return; // while the store is away, each gateway has a part of what is left
      // It may have waited for what other gateways give back; others were let in meanwhile.
      // A gateway that is dead, paused or cut off keeps its part of the licence until it would have ended by itself.
      if (this.#world.untilAllKnow > 0 && this.#world.settledFor() < this.#times.grantTimeout + SHARE_ENDS) {
        return;
      }
      const meanwhile = this.#world.untilAllKnow === 0 ? undefined : this.#countedBy(host);
      this.#checkRefusal(
        outcome.reason,
        room,
        meanwhile === undefined ? counted : either(counted, meanwhile),
      );
    };
  }

  #checkRefusal(reason: "peer-limit" | "room-limit", room: string, { peers, rooms, listed }: Counted): void {
    const { maxPeers, maxRooms } = this.licence;
    const { faults } = this.#world.ledger;
    if (reason === "peer-limit" && peers < maxPeers) {
      faults.push(`${room}: a client is refused with at most ${peers} of ${maxPeers} in the licence`);
    }
    if (reason !== "room-limit") return;
    if (listed.has(room)) faults.push(`${room} is open, and refused by the limit of rooms`);
    const all = new Set(rooms).add(room).size;
    if (all <= maxRooms) faults.push(`${room} is refused as one of at most ${all} rooms of ${maxRooms}`);
  }

  /** A client of the customer is in his room now. @returns to be called when he leaves it */
  joined(room: string, { outcome, host }: Answered, counts: boolean): () => void {
    if (!outcome.granted) return () => {};
    const member: Member = {
      server: outcome.server,
      room,
      uncounted: !counts || !host.alive,
      leftAt: Infinity,
    };
    this.#members.add(member);
    this.#check();
    return () => member.leftAt = this.#world.clock.now;
  }

  /** Whether a gateway that grants now knows of all who are there. */
  knowsAll(host: Host): boolean {
    return this.#world.servers.every(({ address }) => this.#told.of(host, address).length > 0);
  }

  /** Who is in a group that leaves its server does not count until he is back. */
  discountGroup(group: string, from: Address): void {
    for (const member of this.#members) {
      if (member.server === from && groupName(member.room) === group) member.uncounted = true;
    }
  }

  /** Who is on a server that is past its deadline for draining does not count, and does when it is resumed. */
  discount(): void {
    const { now } = this.#world.clock;
    for (const member of this.#members) if (this.#plans.mayEvict(member.server, now)) member.uncounted = true;
  }

  #check(): void {
    this.discount();
    const { now } = this.#world.clock;
    let [peers, hidden] = [0, 0];
    const rooms = new Set<string>();
    const hiddenRooms = new Set<string>();
    for (const member of this.#members) {
      if (member.leftAt + AFTERMATH <= now) {
        this.#members.delete(member);
      } else if (member.uncounted) {
        hidden++;
        hiddenRooms.add(member.room);
      } else if (member.leftAt > now) {
        peers++;
        rooms.add(member.room);
      }
    }
    const { maxPeers, maxRooms } = this.licence;
    const { faults } = this.#world.ledger;
    const known = rooms.difference(hiddenRooms).size;
    if (peers > maxPeers + hidden) {
      faults.push(
        `${this.customer} has ${peers} clients of ${maxPeers} in its licence, ${hidden} others aside`,
      );
    }
    if (known > maxRooms + hiddenRooms.size) {
      faults.push(`${this.customer} has ${known} rooms of ${maxRooms}`);
    }
  }

  /** What a gateway may count at most; nothing where it has not heard all servers. */
  #countedBy(host: Host): Counted | undefined {
    const { servers, clock } = this.#world;
    if (!this.knowsAll(host)) return undefined;
    let peers = 0;
    const rooms = new Set<string>();
    const listed = new Set<string>();
    for (const { address, isUp } of servers) {
      const reports = this.#told.of(host, address).map(({ report }) =>
        report.rooms.filter(({ customer }) => customer === this.customer)
      );
      peers += Math.max(...reports.map((its) => its.reduce((sum, each) => sum + each.peers, 0)));
      for (const { id } of reports.flat()) rooms.add(id[1]);
      const always = reports.length > 1 && isUp && !this.#plans.mayEvict(address, clock.now);
      for (const { id } of always ? reports[0]! : []) {
        if (reports[1]!.some((other) => other.id[1] === id[1])) listed.add(id[1]);
      }
    }
    const { tokenLifetime, grantTimeout } = this.#times;
    this.#asked = this.#asked.filter(({ at, host: its }) =>
      clock.now - its.paused - at < tokenLifetime + grantTimeout
    );
    for (const { room } of this.#asked) rooms.add(room);
    return { peers: peers + this.#asked.length, rooms, listed };
  }
}

/** The most that may count at one moment or the other. */
function either(one: Counted, other: Counted): Counted {
  return {
    peers: Math.max(one.peers, other.peers),
    rooms: one.rooms.union(other.rooms),
    listed: one.listed.intersection(other.listed),
  };
}

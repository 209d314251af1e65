import type { Address, Change, Count, Licence, Milliseconds, Snapshot } from "../../fleet/mod.ts";
import type { Edition } from "../port.ts";
import { type Applied, Tables } from "../rules.ts";

/** Changes as they came into the order, times as unix time. */
export interface Entry extends Applied {
  /** Place of the first change. */
  readonly order: number;
}

/** Who is told of every entry, its own ones included. */
export type Reader = (entry: Entry, isOwn: boolean) => void;

/** A share of a licence. */
interface Share extends Count {
  until: number;
}

/** The right to hand tasks over to a server. */
interface HandOver {
  /** Number of the gateway that has it. */
  readonly by: number;
  readonly id: number;
  until: number;
}

/** The lead in something that one gateway does for all. */
interface Lead {
  /** Number of the gateway that has it. */
  readonly by: number;
  until: number;
}

/** For how long one that has gone without a word is missed, in milliseconds. */
const MISSED_FOR = 30_000;

/** How long a gateway counts as alive after it was last heard. */
export const LEASE: Milliseconds = 2000;

/**
 * What several gateways share, in memory: the tables, the order of all changes, and what is held for a time. Times are unix
 * time in milliseconds, by one clock.
 */
export class SharedLog {
  readonly tables = new Tables();
  readonly values = new Map<string, Edition>();
  readonly #readers = new Map<number, Reader>();
  readonly #heard = new Map<number, number>();
  readonly #handOvers = new Map<Address, HandOver>();
  readonly #leads = new Map<string, Lead>();
  readonly #shares = new Map<string, Map<number, Share>>();
  #order = 0;
  #members = 0;

  /** @param now unix time in milliseconds */
  constructor(readonly now: () => number) {}

  /** A gateway comes, also anew after it was taken for dead. @returns its number */
  join(reader: Reader): number {
    const number = ++this.#members;
    this.#readers.set(number, reader);
    this.beat(number);
    return number;
  }

  leave(number: number): void {
    this.#readers.delete(number);
    this.#heard.delete(number);
  }

  /** It is alive. */
  beat(number: number): void {
    this.#heard.set(number, this.now());
  }

  lives(number: number): boolean {
    const heard = this.#heard.get(number);
    if (heard === undefined) return false;
    if (heard > this.now()) this.#heard.set(number, this.now()); // the clock was set back
    return this.now() - heard <= LEASE;
  }

  /** How many have gone without a word. */
  get missing(): number {
    for (const [number, heard] of this.#heard) {
      if (this.now() - heard >= MISSED_FOR) this.#heard.delete(number);
    }
    return [...this.#heard.keys()].filter((number) => !this.lives(number)).length;
  }

  get living(): readonly number[] {
    return [...this.#readers.keys()].filter((number) => this.lives(number));
  }

  /** Puts changes into the order, and tells all. @param by whose they are */
  append(changes: readonly Change[], by: number): void {
    const order = this.#order;
    this.#order += changes.length;
    const applied = this.tables.apply(changes, order, this.now());
    for (const change of applied.accepted) {
      if (change.type !== "hand-over-ended") continue;
      const held = this.#handOvers.get(change.server);
      if (held?.by === by && held.id === change.id) this.#handOvers.delete(change.server);
    }
    for (const [number, reader] of this.#readers) reader({ ...applied, order }, number === by);
  }

  /** Puts in what is lacking. All are told, as of something that nobody of them did. */
  offer(snapshot: Snapshot): void {
    this.append(this.tables.lacking(snapshot), 0);
  }

  claimHandOver(server: Address, by: number, id: number, interval: Milliseconds): boolean {
    const held = this.#handOvers.get(server);
    const isOthers = held?.by !== by && this.#holds(held, interval);
    if (isOthers) return false;
    this.#handOvers.set(server, { by, id, until: this.now() + interval });
    return true;
  }

  lead(name: string, by: number, lifetime: Milliseconds, takes: boolean): boolean {
    const lead = this.#leads.get(name);
    const isOthers = lead?.by !== by && this.#holds(lead, lifetime);
    if (isOthers && !takes) return false;
    this.#leads.set(name, { by, until: this.now() + lifetime });
    return true;
  }

  resign(name: string, by: number): void {
    if (this.#leads.get(name)?.by === by) this.#leads.delete(name);
  }

  share(
    customer: string,
    number: number,
    wanted: Readonly<Count>,
    { maxPeers, maxRooms }: Licence,
    reported: Readonly<Count>,
    lifetime: Milliseconds,
  ): Count {
    const shares = this.#shares.get(customer) ?? new Map<number, Share>();
    this.#shares.set(customer, shares);
    const others: Count = { peers: 0, rooms: 0 };
    for (const [member, share] of shares) {
      if (!this.#lasts(share, lifetime)) shares.delete(member);
      else if (member !== number) {
        others.peers += share.peers;
        others.rooms += share.rooms;
      }
    }
    const share = {
      peers: Math.max(0, Math.min(wanted.peers, maxPeers - reported.peers - others.peers)),
      rooms: Math.max(0, Math.min(wanted.rooms, maxRooms - reported.rooms - others.rooms)),
    };
    shares.set(number, { ...share, until: this.now() + lifetime });
    return share;
  }

  /** Whether a gateway has it that lives. */
  #holds(held: HandOver | Lead | undefined, lifetime: Milliseconds): boolean {
    return held !== undefined && this.#lasts(held, lifetime) && this.lives(held.by);
  }

  /** Whether it has not ended: not longer than its lifetime, also where the clock was set back meanwhile. */
  #lasts(held: { until: number }, lifetime: Milliseconds): boolean {
    held.until = Math.min(held.until, this.now() + lifetime);
    return held.until > this.now();
  }
}

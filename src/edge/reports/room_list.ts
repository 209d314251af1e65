import type { ReportedRoom } from "../../fleet/mod.ts";
import type { RoomId } from "../../fleet/ids.ts";
import { isName } from "../../tokens/mod.ts";

/** Rooms of a report, at most; no server hosts as many. */
const MOST_ROOMS = 1_000_000;

/** Peers of a room, at most; more is a mistake. */
const MOST_PEERS = 1_000_000;

/** Sorts of oddities that are told apart, at most; they are our own words, so this bounds nothing but mistakes of ours. */
const SORTS = 16;

/** What was odd in a report: how often, by sort. */
export class Oddities {
  readonly #counts = new Map<string, number>();

  add(sort: string): void {
    const count = this.#counts.get(sort);
    if (count !== undefined) this.#counts.set(sort, count + 1);
    else if (this.#counts.size < SORTS) this.#counts.set(sort, 1);
  }

  /** One text about all of them, or nothing where nothing was odd. */
  get text(): string | undefined {
    if (this.#counts.size === 0) return undefined;
    return Array.from(this.#counts, ([sort, count]) => count === 1 ? sort : `${sort} (${count} times)`).join(
      "; ",
    );
  }
}

/**
 * The rooms of a report, taken one by one: what is odd about a room does not throw the report away. A room that cannot be
 * told from others, or has no customer, is left out; a number that cannot be is made one that can, because a room that is
 * left out counts as closed.
 */
export class RoomList {
  rooms: ReportedRoom[] = [];
  readonly odd = new Oddities();

  /** Forgets what it has: a member that comes twice in an object counts once, the last time (RFC 8259 §4, as `JSON.parse`). */
  clear(): void {
    this.rooms = [];
  }

  take(values: readonly unknown[]): void {
    for (const value of values) {
      const room = this.#read(value);
      if (room === undefined) continue;
      if (this.rooms.length < MOST_ROOMS) this.rooms.push(room);
      else this.odd.add("a room beyond the first million is left out");
    }
  }

  get peers(): number {
    let sum = 0;
    for (const { peers } of this.rooms) sum += peers;
    return sum;
  }

  #read(value: unknown): ReportedRoom | undefined {
    if (typeof value !== "object" || value === null) return this.#leaveOut("a room that is no object");
    const { id, customer, peers, age } = value as Readonly<Record<string, unknown>>;
    if (!isRoomId(id)) {
      return this.#leaveOut("a room whose id is not two names of 1 to 1024 bytes of well-formed Unicode");
    }
    if (!isName(customer)) return this.#leaveOut("a room whose customer is no name");
    const count = this.#peers(peers);
    const duration = readAge(age);
    return duration === undefined
      ? { id, customer, peers: count }
      : { id, customer, peers: count, age: duration };
  }

  #leaveOut(what: string): undefined {
    this.odd.add(`${what} is left out`);
  }

  #peers(peers: unknown): number {
    if (typeof peers === "number" && peers >= 0 && peers <= MOST_PEERS && Number.isInteger(peers)) {
      return peers === 0 ? 0 : peers; // not -0
    }
    this.odd.add("a room's peers are no count; the nearest that is one counts");
    return typeof peers === "number" && peers > 0 ? Math.min(MOST_PEERS, Math.floor(peers)) : 0;
  }
}

function isRoomId(id: unknown): id is RoomId {
  return Array.isArray(id) && id.length === 2 && isName(id[0]) && isName(id[1]);
}

/** How long a room has been open, where that was told. */
function readAge(age: unknown): ReportedRoom["age"] {
  if (typeof age !== "object" || age === null) return undefined;
  const { secs, nanos } = age as Readonly<Record<string, unknown>>;
  if (typeof secs !== "number" || typeof nanos !== "number") return undefined;
  return secs >= 0 && nanos >= 0 && Number.isFinite(secs) && Number.isFinite(nanos)
    ? { secs, nanos }
    : undefined;
}

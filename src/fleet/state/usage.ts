import type { Miscounts } from "./miscounts.ts";

/** Peers and rooms, as a server reported them or as a licence counts them. */
export interface Count {
  peers: number;
  rooms: number;
}

/** What a licence allows a customer, over all its keys, namespaces and servers; `Infinity` where there is no limit. */
export interface Licence {
  readonly maxPeers: number;
  readonly maxRooms: number;
}

const UNLIMITED: Licence = { maxPeers: Infinity, maxRooms: Infinity };

/** Within this fraction of its licence a customer is near the limit: who holds a token for a room counts as in it. */
const NEAR = 0.9;

/** What a customer uses now: reported by the enabled servers, and granted but not yet reported. */
export class Usage {
  readonly reported: Count = { peers: 0, rooms: 0 };
  readonly granted: Count = { peers: 0, rooms: 0 };
  /** What of it this gateway has granted; of rooms, those that count by its grants. */
  readonly own: Count = { peers: 0, rooms: 0 };
  /** What the customer's licence allowed when somebody last asked. */
  licence: Licence = UNLIMITED;
  /** Rooms that refer to this record, counted or not; without any, it can go. */
  references = 0;

  constructor(readonly customer: string) {}

  get peers(): number {
    return this.reported.peers + this.granted.peers;
  }

  get rooms(): number {
    return this.reported.rooms + this.granted.rooms;
  }

  /** Whether there is so little left of the licence that tokens which may still be used have to count. */
  get nearLimit(): boolean {
    return this.peers > NEAR * this.licence.maxPeers || this.rooms > NEAR * this.licence.maxRooms;
  }
}

/** The usage of every customer that has a room. */
export class UsageTable {
  readonly #customers = new Map<string, Usage>();

  constructor(readonly miscounts: Miscounts) {}

  get(customer: string): Usage | undefined {
    return this.#customers.get(customer);
  }

  /** The customer's record for one more reference to it. */
  refer(customer: string): Usage {
    let usage = this.#customers.get(customer);
    if (usage === undefined) this.#customers.set(customer, usage = new Usage(customer));
    usage.references++;
    return usage;
  }

  release(usage: Usage): void {
    const left = usage.references - 1;
    usage.references = this.miscounts.notNegative("rooms of a customer", left, usage, "a room ends");
    if (left === 0) this.#customers.delete(usage.customer);
  }

  values(): IterableIterator<Usage> {
    return this.#customers.values();
  }
}

/** No peers and no rooms. */
export const NOTHING: Readonly<Count> = { peers: 0, rooms: 0 };

/** Adds to what the enabled servers have reported of a customer; takes away from it where the numbers are negative. */
export function addReported(usage: Usage, peers: number, rooms: number, miscounts: Miscounts): void {
  const { reported } = usage;
  const happening = "what a server reported counts no more";
  const [allPeers, allRooms] = [reported.peers + peers, reported.rooms + rooms];
  reported.peers = miscounts.notNegative(
    "peers that were reported of a customer",
    allPeers,
    usage,
    happening,
  );
  reported.rooms = miscounts.notNegative(
    "rooms that were reported of a customer",
    allRooms,
    usage,
    happening,
  );
}

/**
 * The limit that would be exceeded by so many further peers and rooms, if any (`docs/protocol.md` §6).
 * A call that adds nothing is never refused.
 *
 * @param returning what is counted and about to end, because the call moves it to another server
 */
export function exceeded(
  licence: Licence,
  usage: Usage | undefined,
  further: Readonly<Count>,
  returning: Readonly<Count> = NOTHING,
): "peer-limit" | "room-limit" | undefined {
  const peers = (usage?.peers ?? 0) - returning.peers + further.peers;
  const rooms = (usage?.rooms ?? 0) - returning.rooms + further.rooms;
  if (further.peers > 0 && peers > licence.maxPeers) return "peer-limit";
  if (further.rooms > 0 && rooms > licence.maxRooms) return "room-limit";
  return undefined;
}

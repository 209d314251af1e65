import type { GatewayEvent } from "./event.ts";

/** What a customer uses of its licence. */
export interface LicenceUse {
  readonly customer: string;
  readonly peers: number;
  readonly rooms: number;
  readonly maxPeers: number;
  readonly maxRooms: number;
}

/** The shares of a licence that are told, and what the use has to fall below before they are told again. */
const LEVELS = [
  { name: "licence.near", percent: 80, again: 75 },
  { name: "licence.reached", percent: 100, again: 95 },
] as const;

/** Notices when customers come near the limits of their licences, and when they reach them. */
export class LicenceWatch {
  /** What has been told, by customer; only of those who are near a limit. */
  #told = new Map<string, Set<string>>();

  /** Looks at all customers that use something. @returns what is to be told now */
  look(customers: readonly LicenceUse[]): GatewayEvent[] {
    const events: GatewayEvent[] = [];
    const told = new Map<string, Set<string>>();
    for (const { customer, peers, rooms, maxPeers, maxRooms } of customers) {
      const before = this.#told.get(customer);
      for (const [of, used, limit] of [["peers", peers, maxPeers], ["rooms", rooms, maxRooms]] as const) {
        if (!Number.isFinite(limit) || limit <= 0) continue;
        const percentUsed = 100 * used / limit;
        for (const { name, percent, again } of LEVELS) {
          const level = `${name} ${of}`;
          const known = before?.has(level) ?? false;
          if (percentUsed < (known ? again : percent)) continue;
          const its = told.get(customer);
          if (its === undefined) told.set(customer, new Set([level]));
          else its.add(level);
          if (known) continue;
          const subject = encodeURIComponent(customer);
          events.push({
            name,
            subject,
            order: `customer ${subject}`,
            data: { customer, of, used, limit, percent },
          });
        }
      }
    }
    this.#told = told;
    return events;
  }
}

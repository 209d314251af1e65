import type { FleetFigures, ServerFigures } from "../fleet/mod.ts";
import type { Problem } from "../edge/methods/admin/status.ts";
import type { Counted } from "./history/history.ts";

/** Customers that are told one by one; the rest is in customer.List. */
export const CUSTOMERS = 100;

/** A server as the page's tables show it. */
export type ServerRow = Omit<ServerFigures, "address" | "lastSeen">;

/** What a customer uses of its licence; `null` where there is no limit. */
export interface CustomerRow {
  readonly peers: number;
  readonly rooms: number;
  readonly maxPeers: number | null;
  readonly maxRooms: number | null;
}

/** The fleet in numbers; `null` where there is nothing to measure. */
export interface FleetRow {
  readonly grants: number;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly rooms: number;
  readonly bans: number;
}

/**
 * What the page shows of the moment: tables of rows, of which those are sent that have changed. A type, since an interface is
 * no record.
 */
export type State = {
  readonly servers: ReadonlyMap<string, ServerRow>;
  readonly customers: ReadonlyMap<string, CustomerRow>;
  /** Refused Connects a second, by cause. */
  readonly refusals: ReadonlyMap<string, number>;
  /** One row each, of no name. */
  readonly fleet: ReadonlyMap<"", FleetRow>;
  readonly problems: ReadonlyMap<"", readonly Problem[]>;
};

export type Section = keyof State;

/** The state of this moment. */
export function stateOf(figures: FleetFigures, counted: Counted, problems: readonly Problem[]): State {
  const { rooms, bans } = figures;
  const { grants, p50, p99, refusals } = counted;
  const fleet = { grants: short(grants), p50: known(p50), p99: known(p99), rooms, bans };
  return {
    servers: new Map(figures.servers.map(({ address, lastSeen: _, ...row }) => [address, {
      ...row,
      load: short(row.load),
      expectedLoad: short(row.expectedLoad),
      growth: short(row.growth),
    }])),
    customers: new Map(
      figures.customers.slice(0, CUSTOMERS).map((
        { customer, peers, rooms, maxPeers, maxRooms },
      ) => [customer, {
        peers,
        rooms,
        maxPeers: limit(maxPeers),
        maxRooms: limit(maxRooms),
      }]),
    ),
    refusals: new Map(Array.from(refusals, ([cause, rate]) => [cause, short(rate)])),
    fleet: new Map([["", fleet]]),
    problems: new Map([["", problems]]),
  };
}

function limit(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : short(value);
}

/** No chart shows more digits, and a row that changes by less has not changed. */
function short(value: number): number {
  return Math.round(value * 1000) / 1000;
}

import type { Address } from "../ids.ts";
import { expectedLoad } from "../placement/expected_load.ts";
import type { Model } from "../state/model.ts";
import type { Milliseconds } from "../time.ts";

/** Whether a server takes new rooms, and why not. */
export type ServerState = "open" | "silent" | "draining" | "weight 0";

/** A server in numbers. */
export interface ServerFigures {
  readonly address: Address;
  readonly pool: string;
  readonly state: ServerState;
  /** Load in the last report, 0 (idle) to 1 (full). */
  readonly load: number;
  /** Load once those on the way have arrived and young rooms have grown, whatever the server's weight. */
  readonly expectedLoad: number;
  readonly clients: number;
  /** Rooms that the last report listed. */
  readonly rooms: number;
  readonly grants: number;
  /** Clients that its young rooms are expected to grow by. */
  readonly growth: number;
  readonly weight: number;
  readonly tasks: number;
  readonly lastSeen: Milliseconds;
}

/** What a customer uses of its licence; `Infinity` where there is no limit. */
export interface CustomerFigures {
  readonly customer: string;
  readonly peers: number;
  readonly rooms: number;
  readonly maxPeers: number;
  readonly maxRooms: number;
}

/** The fleet in numbers. */
export interface FleetFigures {
  readonly servers: readonly ServerFigures[];
  /** Customers that have a room. */
  readonly customers: readonly CustomerFigures[];
  readonly rooms: number;
  /** Rooms that no report lists: granted, or over and kept while tokens are valid. */
  readonly unlistedRooms: number;
  readonly bans: number;
  /** Characters of JSON of the tasks that wait. */
  readonly taskBytes: number;
}

/** The fleet in numbers. O(servers + customers), whatever the number of rooms: for who asks every few seconds. */
export function figures(model: Model): FleetFigures {
  return {
    servers: Array.from(model.servers, (server): ServerFigures => ({
      address: server.address,
      pool: server.pool,
      state: server.closedBecause ?? "open",
      load: server.load,
      expectedLoad: expectedLoad({ ...server, weight: 1 }, 0),
      clients: server.clients,
      rooms: server.rooms.length,
      grants: server.grants,
      growth: server.growth,
      weight: server.weight,
      tasks: server.tasks.size,
      lastSeen: server.lastSeen,
    })),
    customers: Array.from(model.usage.values(), ({ customer, peers, rooms, licence }): CustomerFigures => ({
      customer,
      peers,
      rooms,
      ...licence,
    })),
    rooms: model.rooms,
    unlistedRooms: model.unlisted.size,
    bans: model.bans.size,
    taskBytes: model.taskBytes.total,
  };
}

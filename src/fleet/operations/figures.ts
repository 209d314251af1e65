import type { Address } from "../ids.ts";
import { expectedLoad, type WhatLoads } from "../placement/expected_load.ts";
import type { Model } from "../state/model.ts";
import { isUnvouched } from "../unvouched.ts";
import type { Count } from "../state/usage.ts";
import type { Milliseconds } from "../time.ts";

/** Whether a server takes new rooms, and why not. */
export type ServerState = "open" | "silent" | "draining" | "weight 0";

/** A server in numbers. */
export interface ServerFigures<Time extends number = Milliseconds> {
  readonly address: Address;
  readonly pool: string;
  /** What it says of itself. */
  readonly version: string;
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
  readonly lastSeen: Time;
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
export interface FleetFigures<Time extends number = Milliseconds> {
  readonly servers: readonly ServerFigures<Time>[];
  /** Some of the customers that have a room, those first that have had one longest. */
  readonly customers: readonly CustomerFigures[];
  /** All other customers together, and those that nobody vouches for (`unknownCustomers`). */
  readonly others: Readonly<Count>;
  readonly unvouched: Readonly<Count>;
  readonly rooms: number;
  /** Rooms that no report lists: granted, or over and kept while tokens are valid. */
  readonly unlistedRooms: number;
  readonly bans: number;
  /** Characters of JSON of the tasks that wait. */
  readonly taskBytes: number;
}

/**
 * The fleet in numbers. O(servers + customers), whatever the number of rooms: for who asks every few seconds.
 *
 * @param named customers that are told one by one, at most
 */
export function figures(model: Model, named: number): FleetFigures {
  return {
    ...customerFigures(model, named),
    servers: Array.from(model.servers, (server): ServerFigures => ({
      address: server.address,
      pool: server.pool,
      version: server.version,
      state: server.closedBecause ?? "open",
      load: server.load,
      expectedLoad: expectedLoad(unweighted(server), 0),
      clients: server.clients,
      rooms: server.rooms.length,
      grants: server.grants,
      growth: server.growth,
      weight: server.weight,
      tasks: server.tasks.size,
      lastSeen: server.lastSeen,
    })),
    rooms: model.rooms,
    unlistedRooms: model.unlisted.size,
    bans: model.bans.size,
    taskBytes: model.taskBytes.total,
  };
}

/** The server as if it were to take all that it can: its weight says nothing of how full it is. */
function unweighted({ steadyLoad, grants, growth, loadPerClient, work }: WhatLoads): WhatLoads {
  return { steadyLoad, grants, growth, loadPerClient, work, weight: 1 };
}

function customerFigures(model: Model, named: number) {
  const customers: CustomerFigures[] = [];
  const others: Count = { peers: 0, rooms: 0 };
  const unvouched: Count = { peers: 0, rooms: 0 };
  for (const { customer, peers, rooms, licence } of model.usage.values()) {
    const isOne = isUnvouched(customer);
    if (!isOne && customers.length < named) customers.push({ customer, peers, rooms, ...licence });
    else {
      const together = isOne ? unvouched : others;
      together.peers += peers;
      together.rooms += rooms;
    }
  }
  return { customers, others, unvouched };
}

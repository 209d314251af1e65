import type { Model } from "./model.ts";
import type { Milliseconds } from "./time.ts";
import type { RoomId } from "./room.ts";
import type { Address } from "./server.ts";

/** What is known of a server, as plain data. */
export interface ServerInfo {
  readonly address: Address;
  readonly pool: string;
  readonly version: string;
  readonly disabled: boolean;
  readonly load: number;
  readonly clients: number;
  readonly rooms: number;
  readonly grants: number;
  readonly tasks: number;
  readonly firstSeen: Milliseconds;
  readonly lastSeen: Milliseconds;
}

/** What is known of a room, as plain data. */
export interface RoomInfo {
  readonly id: RoomId;
  /** Name of its affinity group. */
  readonly group: string;
  readonly customer: string;
  readonly server: Address;
  readonly peers: number;
  /** Clients granted and not yet seen in a report. */
  readonly grants: number;
}

/** The fleet as it is now. O(servers + rooms): for people who look, not for calls on the way to an answer. */
export function info(model: Model): { servers: ServerInfo[]; rooms: RoomInfo[] } {
  const servers: ServerInfo[] = [];
  for (const server of model.servers) {
    const { address, pool, version, load, clients, grants, firstSeen, lastSeen } = server;
    servers.push({
      address,
      pool,
      version,
      disabled: !server.enabled,
      load,
      clients,
      rooms: server.rooms.length,
      grants,
      tasks: server.tasks.length,
      firstSeen,
      lastSeen,
    });
  }
  const rooms: RoomInfo[] = [];
  for (const group of model.groups) {
    for (const room of group.rooms()) {
      rooms.push({
        id: room.id,
        group: group.name,
        customer: room.usage.customer,
        server: group.server.address,
        peers: Math.max(0, room.peers),
        grants: room.grants?.size ?? 0,
      });
    }
  }
  return { servers, rooms };
}

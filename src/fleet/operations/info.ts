import type { Explanation } from "../facts.ts";
import type { Address, RoomId } from "../ids.ts";
import type { Kind, Sizes } from "../learning/mod.ts";
import type { Model } from "../state/model.ts";
import type { Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import type { Milliseconds } from "../time.ts";

/** What is known of a server, as plain data. */
export interface ServerInfo<Time extends number = Milliseconds> {
  readonly address: Address;
  readonly pool: string;
  readonly version: string;
  readonly disabled: boolean;
  readonly load: number;
  readonly clients: number;
  readonly rooms: number;
  readonly grants: number;
  /** Clients that its young rooms are expected to grow by. */
  readonly growth: number;
  readonly loadPerClient: number;
  readonly weight: number;
  readonly draining: { readonly deadline: Time | undefined; readonly empty: boolean } | undefined;
  readonly tasks: number;
  readonly firstSeen: Time;
  readonly lastSeen: Time;
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

/** What has been learned of the rooms of a kind. */
export interface KindInfo extends Kind {
  /** Rooms learned from, older ones counting less. */
  readonly weight: number;
  /** Their sizes added up, in clients. */
  readonly sum: number;
  /** Sizes that half, and 95 %, of the rooms do not exceed. */
  readonly p50: number;
  readonly p95: number;
  /** Clients that a new room of the kind is expected to reach, and placed for; what wider kinds say included. */
  readonly placedFor: number;
  /** How long rooms grow. */
  readonly fillTime: Milliseconds;
  /** Clients by which what was expected of new rooms was off, on average, since the start; nothing where none was seen. */
  readonly offBy: number | undefined;
}

/** Why the room's group is where it is; of a placement that is not remembered, only where. */
export function explain(
  model: Model,
  room: RoomId,
): { server: Address; group: string; explanation: Explanation | undefined } | undefined {
  const group = model.groups.room(room)?.group;
  if (group === undefined) return undefined;
  return { server: group.server.address, group: group.name, explanation: model.explanations.get(group) };
}

/** The fleet as it is now. O(servers + rooms): for people who look, not for calls on the way to an answer. */
export function info(model: Model): { servers: ServerInfo[]; rooms: RoomInfo[]; kinds: KindInfo[] } {
  const rooms: RoomInfo[] = [];
  for (const group of model.groups) {
    for (const room of group.rooms()) rooms.push(roomInfo(room));
  }
  return {
    servers: Array.from(model.servers, serverInfo),
    rooms,
    kinds: Array.from(model.kinds, ([kind, sizes]) => kindInfo(model, kind, sizes)),
  };
}

export function serverInfo(server: Server): ServerInfo {
  const { address, pool, version, load, clients, grants, growth, loadPerClient, weight } = server;
  const { draining, drained, firstSeen, lastSeen } = server;
  return {
    address,
    pool,
    version,
    disabled: !server.enabled,
    load,
    clients,
    rooms: server.rooms.length,
    grants,
    growth,
    loadPerClient,
    weight,
    draining: draining && { ...draining, empty: drained },
    tasks: server.tasks.size,
    firstSeen,
    lastSeen,
  };
}

export function roomInfo(room: Room): RoomInfo {
  const { group } = room;
  return {
    id: room.id,
    group: group.name,
    customer: room.usage.customer,
    server: group.server.address,
    peers: room.knownPeers,
    grants: room.grants?.size ?? 0,
  };
}

export function kindInfo(model: Model, kind: Kind, sizes: Sizes): KindInfo {
  return {
    ...kind,
    ...sizes.from(0, sizes.learned),
    p50: sizes.quantile(0.5),
    p95: sizes.quantile(0.95),
    placedFor: model.kinds.look(kind).expectedSize(0, sizes.learned),
    fillTime: sizes.fillTime.mean,
    offBy: model.kinds.missOf(kind),
  };
}

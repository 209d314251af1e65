import type { Address } from "../ids.ts";
import type { Change } from "../change.ts";
import { remove } from "../servers/life_cycle.ts";
import type { Model } from "../state/model.ts";
import type { Group } from "../state/room.ts";
import type { Milliseconds } from "../time.ts";

/** Why a server is not forgotten: there is none, or it reports, and clients may be on it. */
export type ForgetRefusal = "no-server" | "not-silent";

/**
 * Whether a server can be forgotten, and what that will change. Only a silent one can: of one that reports, the rooms
 * would be placed a second time while their clients are still there. Changes nothing. O(its rooms and tasks).
 */
export function canForget(model: Model, address: Address): Change[] | ForgetRefusal {
  const server = model.servers.get(address);
  if (server === undefined) return "no-server";
  if (server.enabled) return "not-silent";
  const changes: Change[] = [];
  const groups = new Set<Group>();
  for (const room of [...server.rooms, ...server.unlisted]) {
    if (!server.holds(room)) continue;
    changes.push({ type: "room-closed", room: room.id, server: address });
    groups.add(room.group);
  }
  for (const { namespace, name } of groups) {
    changes.push({ type: "group-released", namespace: namespace.name, group: name });
  }
  for (const { sequence } of server.tasks) changes.push({ type: "task-ended", sequence });
  changes.push({ type: "server-removed", server: address });
  return changes;
}

/**
 * Forgets a server with its rooms, its tasks and what was wanted of it. Nothing happens where it is gone already.
 *
 * @returns what has changed, beyond what {@link canForget} said as well
 */
export function forgetServer(model: Model, address: Address, now: Milliseconds): Change[] {
  const changes: Change[] = [];
  const server = model.servers.get(address);
  if (server !== undefined) remove(model, server, now, changes);
  return changes;
}

import type { Change } from "./change.ts";
import type { Model } from "./model.ts";
import { scopedKey } from "./scoped_key.ts";
import type { Address, Draining, Server } from "./server.ts";
import { duration, enqueue } from "./task.ts";
import type { Milliseconds } from "./time.ts";

/** What an operator wants of a server. */
export interface Plan {
  /** Share of what the server could take that it is to take, 0 (nothing new) to 1. */
  readonly weight: number;
  /**
   * Whether it is to be emptied: it gets no new groups and keeps what it has. At the deadline, if there is one, the
   * rooms that are still there are closed, and placed elsewhere when their clients come back.
   */
  readonly draining: Draining | undefined;
}

/** Changes what is wanted of a server. */
export function plan(
  model: Model,
  address: Address,
  wanted: Partial<Plan>,
): { before: Plan | undefined; changes: Change[] } {
  const server = model.servers.get(address);
  if (server === undefined) return { before: undefined, changes: [] };
  const { weight, draining } = server;
  const now: Plan = { weight, draining, ...wanted };
  server.weight = now.weight;
  if (now.draining !== draining) {
    server.draining = now.draining;
    server.vacating = false;
    server.drained = false;
  }
  model.servers.sort(server);
  return { before: { weight, draining }, changes: [{ type: "server-planned", server: address, ...now }] };
}

/** Whether rooms are on the server past its deadline for draining. */
export function isOverdue({ draining }: Server, now: Milliseconds): boolean {
  return draining?.deadline !== undefined && draining.deadline <= now;
}

/** A server that is draining has reported: its rooms are closed if they are overdue, or it may be empty by now. */
export function followDraining(model: Model, server: Server, now: Milliseconds, changes: Change[]): void {
  if (server.vacating) closeAll(model, server, now, changes);
  const empty = server.rooms.length === 0 && server.grants === 0;
  if (empty && !server.drained) changes.push({ type: "server-drained", server: server.address });
  server.drained = empty;
}

function closeAll(model: Model, server: Server, now: Milliseconds, changes: Change[]): void {
  const told = new Set(server.closing.keys());
  for (const { kind, room } of server.tasks) if (kind === "RoomClose") told.add(scopedKey(room));
  for (const { id } of server.rooms) {
    if (told.has(scopedKey(id))) continue;
    enqueue(model, server, { task: "RoomClose", id, ban_time: duration(0) }, now, changes);
  }
}

import type { Plan } from "../facts.ts";
import type { Address } from "../ids.ts";
import type { Change, ChangeOf } from "../change.ts";
import { countUsage } from "./availability.ts";
import { isClosing, tellToClose } from "../rooms/closing.ts";
import type { Model } from "../state/model.ts";
import { closeRoom } from "../rooms/opening.ts";
import { isAwaited } from "../rooms/presence.ts";
import type { Group } from "../state/room.ts";
import { scopedKey } from "../scoped_key.ts";
import type { Server } from "../state/server.ts";
import type { Milliseconds } from "../time.ts";

/** What is wanted of a server. */
export function planOf(model: Model, address: Address): Plan | undefined {
  const server = model.servers.get(address);
  return server && { weight: server.weight, draining: server.draining };
}

/** What the change sets of it. */
export function plannedBy({ part, weight, draining }: ChangeOf<"server-planned">): Partial<Plan> {
  if (part === undefined) return { weight, draining };
  return part === "weight" ? { weight } : { draining };
}

/** Changes what is wanted of a server. */
export function plan(
  model: Model,
  address: Address,
  wanted: Partial<Plan>,
): { before: Plan | undefined; changes: Change[] } {
  const server = model.servers.get(address);
  const before = planOf(model, address);
  if (server === undefined || before === undefined) return { before: undefined, changes: [] };
  const after: Plan = { ...before, ...wanted };
  const retained = server.retainsGroups;
  server.intake.want(after);
  if (server.retainsGroups && !retained) countUsage(server, 1);
  model.servers.sort(server);
  return { before, changes: [{ type: "server-planned", server: address, ...after }] };
}

/** A server that is not to be emptied any more is told that the rooms which it was told to refuse are welcome again. */
export function welcomeAgain(model: Model, address: Address, now: Milliseconds): Change[] {
  const changes: Change[] = [];
  const server = model.servers.get(address);
  if (server === undefined || server.draining !== undefined) return changes;
  for (const { room, customer, until } of server.refusing.values()) {
    if (until > now) tellToClose(model, server, room, customer, 0, now, changes);
  }
  server.refusing.clear();
  return changes;
}

/**
 * Past its deadline for draining a server retains no group, and is told to close what it lists. None of it counts towards
 * licences any more, so that those who are closed can come back.
 */
export function evictWhenOverdue(server: Server, now: Milliseconds, changes: Change[]): void {
  if (!server.intake.isOverdue(now)) return;
  evict(server);
  changes.push({ type: "server-evicting", server: server.address, rooms: server.rooms.length });
}

/** What is left on a draining server is to go. */
export function evict(server: Server): void {
  if (server.draining === undefined || server.intake.evicting) return;
  if (server.enabled) countUsage(server, -1);
  server.intake.evict();
}

/**
 * A server that is draining has reported. Rooms that are overdue are closed; rooms that have ended give up their places.
 * The server is empty once it has no client and no room, and no place and no grant there is left.
 *
 * @param listed rooms in the report, those that it does not hold included
 */
export function followDraining(
  model: Model,
  server: Server,
  listed: number,
  now: Milliseconds,
  changes: Change[],
): void {
  if (server.intake.evicting) closeAll(model, server, now, changes);
  giveUpPlaces(model, server, now, changes);
  const empty = listed === 0 && server.clients === 0 && server.groups === 0 && server.grants === 0;
  // What another gateway has granted a moment ago shows in the next report at the latest.
  if (server.intake.found(empty, model.shared ? 2 : 1)) {
    changes.push({ type: "server-drained", server: server.address });
  }
}

function closeAll(model: Model, server: Server, now: Milliseconds, changes: Change[]): void {
  for (const { id, usage: { customer } } of server.rooms) {
    if (!isClosing(server, id)) tellToClose(model, server, id, customer, 0, now, changes);
  }
}

/**
 * A room that has ended on a draining server, and that nobody is on the way to, shall not come back to it. Whoever still
 * holds a token for it there must not meet others elsewhere who cannot see him: the server is told to refuse them while
 * such tokens are valid, and they get another server from the gateway.
 */
function giveUpPlaces(model: Model, server: Server, now: Milliseconds, changes: Change[]): void {
  const looked = new Set<Group>();
  for (const { group } of server.unlisted) {
    if (looked.has(group)) continue;
    looked.add(group);
    const rooms = group.rooms();
    if (group.listed > 0 || rooms.some((room) => isAwaited(model, room, now))) continue;
    for (const room of rooms) {
      const { id, granted, usage: { customer } } = room;
      closeRoom(model, room, now, changes, true);
      const left = granted + model.settings.tokenLifetime - now;
      if (left <= 0) continue;
      tellToClose(model, server, id, customer, left, now, changes);
      server.refusing.set(scopedKey(id), { room: id, customer, until: now + left });
    }
  }
}

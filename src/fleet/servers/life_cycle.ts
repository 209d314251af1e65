import type { Address } from "../ids.ts";
import { disable } from "./availability.ts";
import type { Change } from "../change.ts";
import { evictWhenOverdue } from "./draining.ts";
import { followDemand } from "../state/demand.ts";
import { expireGrants } from "../state/grant.ts";
import { tellLearned } from "../state/growth.ts";
import { endHandOver, endTask } from "../tasks/hand_over.ts";
import type { Model } from "../state/model.ts";
import { followRoomCost } from "../state/room_cost.ts";
import type { Milliseconds } from "../time.ts";
import { closeRoom, release, releaseLeaving } from "../rooms/opening.ts";
import type { Server } from "../state/server.ts";

/**
 * What only time brings about: silent servers are disabled, then removed; grants that nobody used stop counting;
 * granted rooms that no report has shown are forgotten; ended bans go. To be called a few times a second.
 * O(servers + what ends); never looks at all rooms.
 */
export function tick(model: Model, now: Milliseconds): Change[] {
  const changes: Change[] = [];
  const { disableTimeout, removeTimeout } = model.settings;
  for (const server of model.servers) {
    const silent = now - server.liveness.silentSince;
    if (server.enabled && silent >= disableTimeout) disable(model, server, changes);
    if (!server.enabled && silent >= removeTimeout) {
      remove(model, server, now, changes);
      continue;
    }
    for (const task of server.tasks.expired(now)) endTask(server, task, changes, true);
    evictWhenOverdue(server, now, changes);
  }
  expireGrants(model, now);
  for (const [room, expires] of model.unlisted) {
    if (expires > now) break;
    closeRoom(model, room, now, changes, true);
  }
  releaseLeaving(model, now, changes);
  for (const ban of model.bans.sweep(now)) changes.push({ type: "ban-ended", ban, lifted: false });
  followDemand(model, now);
  followRoomCost(model, now);
  tellLearned(model, now, changes);
  for (const miscount of model.miscounts.take()) changes.push({ type: "miscounted", ...miscount });
  return changes;
}

/** Servers whose deadline for draining has passed are closed, also while other gateways cannot be asked. O(servers) */
export function evictOverdue(model: Model, now: Milliseconds): Change[] {
  const changes: Change[] = [];
  for (const server of model.servers) evictWhenOverdue(server, now, changes);
  return changes;
}

/** Whether another gateway was the last to hear the server, and that since then. */
export function isHeardElsewhere(model: Model, address: Address, since: Milliseconds): boolean {
  const server = model.servers.get(address);
  return server !== undefined && server.reportsAnywhere > 0 && !server.heardHere && server.lastSeen >= since;
}

/**
 * The gateway did not run, or did not read its sockets, for so long until now: nobody was silent in that time, and
 * whoever was alive before has a whole disable timeout to report again. Who was on the way may be there, and counts until
 * reports can show it; rooms keep their places as much longer. O(servers, grants and rooms that no report lists).
 */
export function excuseSilence(model: Model, gap: Milliseconds, now: Milliseconds): void {
  for (const { liveness } of model.servers) liveness.excuse(gap, now);
  const { from, to } = model.deaf;
  model.deaf = { from: now - gap <= to ? from : now - gap, to: now };
  for (const grant of model.grants) grant.expires += gap;
  for (const [room, expires] of model.unlisted) model.unlisted.set(room, expires + gap);
  if (model.startWaitUntil > now - gap) model.startWaitUntil += gap;
}

/** The server is gone, with its rooms and tasks. */
export function remove(model: Model, server: Server, now: Milliseconds, changes: Change[]): void {
  for (const room of server.rooms) {
    if (server.holds(room)) closeRoom(model, room, now, changes);
  }
  for (const room of server.unlisted) closeRoom(model, room, now, changes);
  for (const group of model.leaving.keys()) {
    if (group.server === server) release(model, group, changes);
  }
  for (const task of [...server.tasks]) endTask(server, task, changes);
  for (const { id } of server.handOvers.open) {
    changes.push(...endHandOver(model, server.address, id, "lost", now));
  }
  disable(model, server, []);
  model.servers.delete(server);
  changes.push({ type: "server-removed", server: server.address, report: server.lastReport });
}

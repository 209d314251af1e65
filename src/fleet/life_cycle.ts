import { disable } from "./availability.ts";
import type { Change } from "./change.ts";
import { isOverdue } from "./draining.ts";
import { expireGrants } from "./grant.ts";
import { tellLearned } from "./growth.ts";
import type { Model } from "./model.ts";
import type { Milliseconds } from "./time.ts";
import { closeRoom } from "./opening.ts";
import type { Server } from "./server.ts";
import { expireTasks } from "./task.ts";

/**
 * What only time brings about: silent servers are disabled, then removed; grants that nobody used stop counting;
 * granted rooms that no report has shown are forgotten; ended bans go. To be called a few times a second.
 * O(servers + what ends); never looks at all rooms.
 */
export function tick(model: Model, now: Milliseconds): Change[] {
  const changes: Change[] = [];
  const { disableTimeout, removeTimeout } = model.settings;
  for (const server of model.servers) {
    const silent = now - server.lastSeen;
    if (server.enabled && silent >= disableTimeout) disable(model, server, changes);
    if (!server.enabled && silent >= removeTimeout) remove(model, server, now, changes);
    else changes.push(...expireTasks(server, now));
    if (isOverdue(server, now)) server.vacating = true;
  }
  expireGrants(model, now);
  for (const [room, expires] of model.unlisted) {
    if (expires > now) break;
    closeRoom(model, room, now, changes);
  }
  model.bans.sweep(now);
  tellLearned(model, now, changes);
  return changes;
}

/** The server is gone, with its rooms and tasks. */
export function remove(model: Model, server: Server, now: Milliseconds, changes: Change[]): void {
  for (const room of server.rooms) {
    if (room.group.server === server && room.group.room(room.name) === room) {
      closeRoom(model, room, now, changes);
    }
  }
  for (const [room] of model.unlisted) {
    if (room.group.server === server) closeRoom(model, room, now, changes);
  }
  for (const { sequence } of server.tasks) changes.push({ type: "task-ended", sequence });
  disable(model, server, []);
  model.servers.delete(server);
  changes.push({ type: "server-removed", server: server.address });
}

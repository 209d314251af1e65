import { disable, enable, replaceUsage } from "./availability.ts";
import type { Change } from "./change.ts";
import { ClientCost } from "./learning/mod.ts";
import { remove } from "./life_cycle.ts";
import type { Model } from "./model.ts";
import {
  awaitListing,
  enlistUnheard,
  openRoom,
  placeGroup,
  releaseGroup,
  removeRoom,
  transferGroup,
} from "./opening.ts";
import { plan } from "./draining.ts";
import { usageOf } from "./restore.ts";
import { groupName, UNLISTED } from "./room.ts";
import { Server } from "./server.ts";
import { endTask, restoreTask } from "./task.ts";
import type { Milliseconds } from "./time.ts";

/**
 * Does in this model what another gateway did in its own, as the store tells it: in order, and each change once. What
 * it has no place for (a server that is not known, say) is left out. Grants of other gateways are not told; peers of
 * single rooms neither, only what they add up to.
 */
export function follow(model: Model, changes: readonly Change[], now: Milliseconds): void {
  for (const change of changes) followOne(model, change, now);
}

function followOne(model: Model, change: Change, now: Milliseconds): void {
  switch (change.type) {
    case "server-appeared":
      return appear(model, change, now);
    case "server-reported":
    case "server-enabled":
    case "server-disabled":
    case "server-removed":
      return followServer(model, change, now);
    case "server-planned": {
      const { weight, draining } = change;
      plan(model, change.server, { weight, draining });
      return;
    }
    case "group-placed":
    case "group-released":
      return followGroup(model, change);
    case "room-opened":
    case "room-closed":
      return followRoom(model, change, now);
    case "kind-learned":
      return model.kinds.restore(change.kind);
    case "banned":
      return model.bans.set(change.ban, now);
    case "task-queued": {
      const server = model.servers.get(change.server);
      endTask(model, change.task.sequence); // where it has moved
      if (server !== undefined) restoreTask(model, server, change.task);
      return;
    }
    case "task-ended":
      return endTask(model, change.sequence);
    case "server-drained":
    case "collision":
    case "close-ignored":
      return; // told by the changes that come with them
  }
}

function appear(model: Model, change: ChangeOf<"server-appeared">, now: Milliseconds): void {
  if (model.servers.get(change.server) !== undefined) return;
  const server = new Server(change.server, change.pool, now);
  server.version = change.version;
  server.reports = 1; // one that this gateway has not heard; its rooms are marked with it
  model.servers.add(server);
}

type ChangeOf<Type extends Change["type"]> = Extract<Change, { readonly type: Type }>;

function followServer(
  model: Model,
  change: ChangeOf<"server-reported" | "server-enabled" | "server-disabled" | "server-removed">,
  now: Milliseconds,
): void {
  const server = model.servers.get(change.server);
  if (server === undefined) return;
  switch (change.type) {
    case "server-enabled":
      return enable(model, server);
    case "server-disabled":
      return disable(model, server, []);
    case "server-removed":
      return remove(model, server, now, []);
    case "server-reported":
      enable(model, server);
      model.servers.sort(server, change.pool);
      server.version = change.version;
      server.lastSeen = now;
      server.load = server.steadyLoad = change.load;
      server.clients = change.clients;
      server.cost = new ClientCost(change.cost);
      server.loadPerClient = server.cost.perClient(model.servers.typicalLoadPerClient(change.pool, now));
      replaceUsage(server, usageOf(model, change.usage));
  }
}

function followGroup(model: Model, change: ChangeOf<"group-placed" | "group-released">): void {
  const group = model.groups.get(change.namespace, change.group);
  if (change.type === "group-released") {
    if (group?.empty) releaseGroup(model, group);
    return;
  }
  const server = model.servers.get(change.server);
  if (server === undefined) return;
  if (group === undefined) placeGroup(model, [change.namespace, change.group], server, []).durable = true;
  else if (group.server !== server) {
    transferGroup(model, group, server); // its tasks follow as changes of their own
    group.durable = true;
  }
}

function followRoom(model: Model, change: ChangeOf<"room-opened" | "room-closed">, now: Milliseconds): void {
  const { room: id, server: address } = change;
  const known = model.groups.room(id);
  if (change.type === "room-closed") {
    if (known?.group.server.address !== address) return;
    removeRoom(model, known);
    return;
  }
  const group = model.groups.get(id[0], groupName(id[1]));
  if (group?.server.address !== address) return;
  const room = known ?? openRoom(model, group, id[1], change.customer, false, []);
  if (!change.listed) {
    if (known === undefined) awaitListing(model, room, now);
  } else if (room.report === UNLISTED) {
    model.unlisted.delete(room);
    enlistUnheard(room);
  }
}

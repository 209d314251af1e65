import { groupName } from "../ids.ts";
import { disable, enable, replaceUsage } from "../servers/availability.ts";
import type { Change } from "../change.ts";
import { ClientCost } from "../learning/mod.ts";
import { remove } from "../servers/life_cycle.ts";
import { addServer, type Model } from "../state/model.ts";
import { kindOf, observe } from "../state/growth.ts";
import { openRoom, placeGroup, releaseGroup, removeRoom, transferGroup } from "../rooms/opening.ts";
import { awaitListing, markListedUnheard } from "../rooms/presence.ts";
import { plan } from "../servers/draining.ts";
import { usageOf } from "./snapshot.ts";
import { takeTask } from "./take_task.ts";
import type { Milliseconds } from "../time.ts";
import { skipNumber } from "../tasks/numbering.ts";

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
    case "room-changed":
    case "room-closed":
      return followRoom(model, change, now);
    case "size-observed": {
      const { namespace, group, observed, earlier } = change;
      return observe(model, kindOf(namespace, group), group, observed, earlier, now);
    }
    case "kind-learned": // all that was learned is told as observations, but not that it is to be forgotten
      if (change.kind.sizes === undefined) model.kinds.forget(change.kind);
      return;
    case "name-learned":
      return;
    case "banned":
      return model.bans.set(change.ban, now);
    case "ban-ended":
      return model.bans.set({ ...change.ban, until: -Infinity }, now);
    case "task-queued": {
      takeTask(model, change.task.sequence); // where it has moved
      model.servers.get(change.server)?.tasks.add(change.task);
      skipNumber(model, change.task.sequence);
      return;
    }
    case "task-ended":
      return takeTask(model, change.sequence);
    case "server-evicting":
    case "server-drained":
    case "server-odd":
    case "collision":
    case "close-ignored":
    case "miscounted":
      return; // of concern to its own gateway only, or told by the changes that come with them
    default:
      change satisfies never;
  }
}

function appear(model: Model, change: ChangeOf<"server-appeared">, now: Milliseconds): void {
  if (model.servers.get(change.server) !== undefined) return;
  const server = addServer(model, change.server, change.pool, now);
  server.version = change.version;
  server.reports = 1; // one that this gateway has not heard; its rooms are marked with it
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
      server.liveness.heard(now);
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

function followRoom(
  model: Model,
  change: ChangeOf<"room-opened" | "room-changed" | "room-closed">,
  now: Milliseconds,
): void {
  const { room: id, server: address } = change;
  const known = model.groups.room(id);
  if (change.type === "room-closed") {
    if (known?.group.server.address === address) removeRoom(model, known);
    return;
  }
  const group = model.groups.get(id[0], groupName(id[1]));
  if (group?.server.address !== address) return;
  // A room whose customer or presence is another is taken in anew: what only its server's gateway knows is lost.
  const { granted } = known ?? {};
  const same = known?.usage.customer === change.customer && known.listed === change.listed;
  if (same) return;
  if (known !== undefined) removeRoom(model, known);
  const room = openRoom(model, group, id[1], change.customer, false, []);
  if (granted !== undefined) room.granted = granted;
  if (change.listed) markListedUnheard(model, room);
  else awaitListing(model, room, now);
}

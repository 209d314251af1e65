import type { Change } from "../change.ts";
import { groupName } from "../ids.ts";
import { ClientCost } from "../learning/mod.ts";
import { REPORTS_TO_CLOSE } from "../rooms/closing.ts";
import { followLeave, keepPlace } from "../rooms/leaving.ts";
import {
  addGroup,
  countAgain,
  opened,
  openRoom,
  releaseGroup,
  removeRoom,
  transferGroup,
} from "../rooms/opening.ts";
import { awaitListing, markListedUnheard, markUnlistedUnheard } from "../rooms/presence.ts";
import { disable, enable, replaceUsage } from "../servers/availability.ts";
import { evict, plan } from "../servers/draining.ts";
import { remove } from "../servers/life_cycle.ts";
import { endGrantsOf, grant, leaveOpeningToOthers } from "../state/grant.ts";
import { expectGrowth, followGrowth, kindOf, knownOf, observe, YoungGroup } from "../state/growth.ts";
import { addServer, type Model } from "../state/model.ts";
import type { Group, Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import { followFate, followHandOver, passOn } from "../tasks/hand_over.ts";
import { skipNumber } from "../tasks/numbering.ts";
import { takeTask, waitingTask } from "../tasks/waiting.ts";
import type { Milliseconds } from "../time.ts";
import { usageOf } from "./snapshot.ts";

/**
 * Does in this model what another gateway did in its own, as the store tells it: in order, and each change once. What
 * it has no place for (a server that is not known, say) is left out. Peers of single rooms are told of young groups only, else
 * what they add up to.
 *
 * @returns what this gateway has to say against it: somebody is on the way to a room that another one gave up
 */
export function follow(model: Model, changes: readonly Change[], now: Milliseconds): Change[] {
  const objections: Change[] = [];
  for (const change of changes) followOne(model, change, now, objections);
  return objections;
}

function followOne(model: Model, change: Change, now: Milliseconds, objections: Change[]): void {
  switch (change.type) {
    case "server-appeared":
      appear(model, change, now);
      return;
    case "server-reported":
      return followReport(model, change, now);
    case "server-enabled":
    case "server-disabled":
    case "server-removed":
    case "server-evicting":
    case "server-drained":
      return followServer(model, change, now);
    case "server-planned": {
      const { weight, draining } = change;
      plan(model, change.server, { weight, draining });
      return;
    }
    case "group-placed":
    case "group-leaving":
    case "group-released":
    case "group-young":
      return followGroup(model, change, now, objections);
    case "room-opened":
    case "room-changed":
      return followRoom(model, change, now);
    case "room-closed":
      return followEnd(model, change, now, objections);
    case "granted":
    case "grants-ended":
      return followGrants(model, change, now, objections);
    case "size-observed":
      return followSize(model, change, now);
    case "kind-learned": // all that was learned is told as observations, but not that it is to be forgotten
      if (change.kind.sizes === undefined) model.kinds.forget(change.kind);
      return;
    case "name-learned":
      return;
    case "banned":
      return model.bans.set(change.ban, now);
    case "ban-ended": {
      const { ban, lifted } = change;
      // One that has ended by itself may have been set anew here.
      const known = lifted ? undefined : model.bans.get(ban.room, ban.user);
      if (known === undefined || known.until <= ban.until) model.bans.set({ ...ban, until: -Infinity }, now);
      return;
    }
    case "task-queued":
      return followTask(model, change);
    case "task-ended":
      return takeTask(model, change.sequence);
    case "handed-over":
      return followHandOver(model, change, now);
    case "hand-over-ended":
      return followFate(model, change, now);
    case "server-odd":
    case "collision":
    case "close-ignored":
    case "miscounted":
      return; // of concern to its own gateway only, or told by the changes that come with them
    default:
      change satisfies never;
  }
}

type ChangeOf<Type extends Change["type"]> = Extract<Change, { readonly type: Type }>;

function appear(
  model: Model,
  { server: address, pool, version }: { server: Server["address"]; pool: string; version: string },
  now: Milliseconds,
): Server {
  const known = model.servers.get(address);
  if (known !== undefined) return known;
  const server = addServer(model, address, pool, now);
  server.version = version;
  server.reports = 1; // one that this gateway has not heard; its rooms are marked with it
  return server;
}

/** A task is in the queue of a server now; where it was in another one, what is known of it goes with it. */
function followTask(model: Model, { server: address, task, order }: ChangeOf<"task-queued">): void {
  skipNumber(model, task.sequence);
  const server = model.servers.get(address);
  const known = waitingTask(model, task.sequence);
  if (known === undefined) server?.tasks.add(task, order);
  else if (server !== undefined && server !== known.server) passOn(known.server, server, known.task);
}

/** What a group came to is learned here as well; what it comes to later is a correction of that. */
function followSize(
  model: Model,
  { namespace, group: name, observed, earlier }: ChangeOf<"size-observed">,
  now: Milliseconds,
): void {
  observe(model, kindOf(namespace, name), name, observed, earlier, now);
  const young = model.groups.get(namespace, name)?.young;
  if (young !== undefined) young.learned = observed;
}

function followServer(
  model: Model,
  change: ChangeOf<
    "server-enabled" | "server-disabled" | "server-removed" | "server-evicting" | "server-drained"
  >,
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
    case "server-evicting":
      return evict(server);
    case "server-drained":
      server.intake.found(true);
  }
}

function followReport(model: Model, change: ChangeOf<"server-reported">, now: Milliseconds): void {
  const server = appear(model, change, now);
  enable(model, server);
  model.servers.sort(server, change.pool);
  server.version = change.version;
  server.liveness.heard(now);
  server.lastReport = change.report;
  server.untold = false;
  server.reportsAnywhere++;
  server.load = server.steadyLoad = change.load;
  server.clients = change.clients;
  server.cost = new ClientCost(change.cost);
  server.loadPerClient = server.cost.perClient(model.servers.typicalLoadPerClient(change.pool, now));
  if (server.heardHere) forgetFigures(model, server, now);
  for (const [id, peers] of change.figures ?? []) {
    const room = model.groups.room(id);
    // Of a group that is not known to be young here the next report tells more.
    if (room?.group.young === undefined || room.group.server !== server) continue;
    if (room.listed) room.listBy(room.report, peers);
  }
  replaceUsage(server, usageOf(model, change.usage));
  followGrowth(model, server, now);
  for (const [key, { report }] of server.closing) {
    // Whoever heard this report has looked after it.
    if (server.reportsAnywhere - report >= REPORTS_TO_CLOSE) server.closing.delete(key);
  }
  dropLeft(server);
}

/** What this gateway heard of single rooms is old now, but for those that are told of one by one. */
function forgetFigures(model: Model, server: Server, now: Milliseconds): void {
  server.heardHere = false;
  const { updateInterval, placement: { growthWindow } } = model.settings;
  for (const room of server.rooms) {
    const { young } = room.group;
    // Shortly before a group is young no more, another gateway may have stopped telling.
    if (young !== undefined && now - young.since < growthWindow - updateInterval) continue;
    if (room.listed && server.holds(room)) room.listUnheard(room.report);
  }
}

/** Rooms that have left a server whose reports others hear stay in its list, until they are as many as those that are there. */
function dropLeft(server: Server): void {
  let rooms = 0;
  for (const count of server.usage.values()) rooms += count.rooms;
  if (server.rooms.length <= 2 * rooms + 100) return;
  server.rooms = [...new Set(server.rooms)].filter((room) => room.listed && server.holds(room));
}

function followGroup(
  model: Model,
  change: ChangeOf<"group-placed" | "group-leaving" | "group-released" | "group-young">,
  now: Milliseconds,
  objections: Change[],
): void {
  const { namespace, group: name } = change;
  const group = model.groups.get(namespace, name);
  const server = model.servers.get(change.server);
  switch (change.type) {
    case "group-placed":
      if (server !== undefined) placeAt(model, group ?? addGroup(model, namespace, name, server), server);
      return;
    case "group-leaving":
      if (group !== undefined && group.server === server) followLeave(model, group, change.leave, now);
      return;
    case "group-released":
      return followRelease(model, group, objections);
    case "group-young": {
      if (group === undefined || group.server !== server || group.young !== undefined) return;
      const kind = kindOf(namespace, name);
      const known = knownOf(model, kind, name);
      expectGrowth(group, new YoungGroup(kind, known, now - change.age, change.reached, now));
    }
  }
}

function placeAt(model: Model, group: Group, server: Server): void {
  // Its tasks follow as changes of their own.
  if (group.server !== server) transferGroup(model, group, server);
  group.durable = true;
  if (group.empty) keepPlace(model, group); // its rooms follow
}

/** The group has no place any more; unless rooms of it are there all the same, or somebody is on the way to them. */
function followRelease(model: Model, group: Group | undefined, objections: Change[]): void {
  if (group === undefined) return;
  const kept = group.rooms().filter(isThere);
  if (kept.length === 0) {
    for (const room of group.rooms()) removeRoom(model, room);
    return releaseGroup(model, group);
  }
  const { namespace: { name: namespace }, name, server: { address: server } } = group;
  objections.push({ type: "group-placed", namespace, group: name, server }, ...kept.map(opened));
}

/** Whether a room is there, or to come, by what this gateway has heard itself or been told of grants. */
export function isThere({ listed, grants, group }: Room): boolean {
  return grants !== undefined || (listed && group.server.heardHere);
}

function followEnd(
  model: Model,
  change: ChangeOf<"room-closed">,
  now: Milliseconds,
  objections: Change[],
): void {
  const room = model.groups.room(change.room);
  if (room?.group.server.address !== change.server) return;
  if (change.idle !== true || room.grants === undefined) return removeRoom(model, room);
  if (room.listed) markUnlistedUnheard(model, room, now); // its server has told so
  objections.push(opened(room));
}

function followRoom(
  model: Model,
  change: ChangeOf<"room-opened" | "room-changed">,
  now: Milliseconds,
): void {
  const { room: id, server: address } = change;
  const group = model.groups.get(id[0], groupName(id[1]));
  if (group?.server.address !== address) return;
  const known = group.room(id[1]);
  if (known !== undefined && known.usage.customer === change.customer) {
    if (known.listed === change.listed) return;
    if (change.listed) markListedUnheard(model, known);
    else markUnlistedUnheard(model, known, now);
    return;
  }
  if (known !== undefined) removeRoom(model, known); // grants of the customer before end
  const room = openRoom(model, group, id[1], change.customer, false, []);
  if (change.listed) {
    markListedUnheard(model, room);
    return countAgain(room);
  }
  room.granted = now;
  awaitListing(model, room, now);
}

function followGrants(
  model: Model,
  change: ChangeOf<"granted" | "grants-ended">,
  now: Milliseconds,
  objections: Change[],
): void {
  const { room: id, server } = change;
  const group = model.groups.get(id[0], groupName(id[1]));
  if (group?.server.address !== server) return;
  const known = group.room(id[1]);
  if (change.type === "grants-ended") {
    if (known !== undefined) endGrantsOf(model, known, change.users);
    return;
  }
  // Given up in the same moment: it is not, since somebody comes.
  const room = known ?? openRoom(model, group, id[1], change.customer, false, objections);
  leaveOpeningToOthers(room);
  grant(model, room, change.user, now, false);
  if (!room.listed) awaitListing(model, room, now);
}

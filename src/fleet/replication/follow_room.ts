import type { Change, ChangeOf } from "../change.ts";
import { groupName } from "../ids.ts";
import { followLeave, keepPlace } from "../rooms/leaving.ts";
import {
  addGroup,
  countAgain,
  countNoMore,
  opened,
  openRoom,
  releaseGroup,
  removeRoom,
  transferGroup,
} from "../rooms/opening.ts";
import { awaitListing, markListedUnheard, markUnlistedUnheard } from "../rooms/presence.ts";
import { endGrantsOf, grant, isGranted, leaveOpeningToOthers } from "../state/grant.ts";
import { expectGrowth, kindOf, knownOf, YoungGroup } from "../state/growth.ts";
import type { Model } from "../state/model.ts";
import { markRebalanced } from "../state/rebalanced.ts";
import type { Group, Room } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import type { Milliseconds } from "../time.ts";

/** Another gateway has placed a group, gives it up, or has seen how it grows. */
export function followGroup(
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
      if (server !== undefined) {
        const placed = group ?? addGroup(model, namespace, name, server);
        const from = change.overload === undefined ? undefined : placed.server;
        const clients = placed.peers();
        placeAt(model, placed, server);
        if (from !== undefined) markRebalanced(model, placed, from, server, clients, now);
      }
      return;
    case "group-leaving":
      if (group !== undefined && group.server === server) followLeave(model, group, change.leave, now);
      return;
    case "group-released":
      return followRelease(model, group, now, objections);
    case "group-young": {
      if (group === undefined || group.server !== server) return;
      if (group.young !== undefined && (!group.young.isFound || change.isFound === true)) return;
      const kind = kindOf(namespace, name);
      const known = knownOf(model, kind, name);
      const young = new YoungGroup(kind, known, now - change.age, change.reached, now);
      young.learned = change.learned;
      young.isNew = change.isNew === true;
      young.isFound = change.isFound === true;
      if (change.seen !== undefined) young.resume(change.seen, known, now);
      expectGrowth(group, young);
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
function followRelease(
  model: Model,
  group: Group | undefined,
  now: Milliseconds,
  objections: Change[],
): void {
  if (group === undefined) return;
  for (const room of group.rooms()) {
    if (!isThere(room)) removeRoom(model, room);
    else if (isListedByOthers(room)) {
      countNoMore(room);
      markUnlistedUnheard(model, room, now);
    }
  }
  if (group.empty) return releaseGroup(model, group);
  const { namespace: { name: namespace }, name, server: { address: server } } = group;
  objections.push({ type: "group-placed", namespace, group: name, server }, ...group.rooms().map(opened));
}

/** Whether a room is there, or to come, by what this gateway has heard itself or been told of grants. */
export function isThere({ listed, grants, group }: Room): boolean {
  return grants !== undefined || (listed && group.server.heardHere);
}

/** Whether only this gateway has heard the room's server lately, and the store could not be told: what others say is older. */
function isHeardAlone({ group }: Room): boolean {
  return group.server.untold;
}

/** Whether a room is listed only by what this gateway was told: that ends where it is told of the room's end. */
export function isListedByOthers({ listed, group }: Room): boolean {
  return listed && !group.server.heardHere;
}

/** Another gateway has closed a room. */
export function followEnd(
  model: Model,
  change: ChangeOf<"room-closed">,
  now: Milliseconds,
  objections: Change[],
): void {
  const room = model.groups.room(change.room);
  if (room?.group.server.address !== change.server || (room.listed && isHeardAlone(room))) return;
  if (change.idle !== true || room.grants === undefined) return removeRoom(model, room);
  if (room.listed) markUnlistedUnheard(model, room, now); // its server has told so
  objections.push(opened(room));
}

/** Another gateway has opened a room, or knows more of it. */
export function followRoom(
  model: Model,
  change: ChangeOf<"room-opened" | "room-changed">,
  now: Milliseconds,
): void {
  const { room: id, server: address } = change;
  const group = model.groups.get(id[0], groupName(id[1]));
  if (group?.server.address !== address) return;
  const known = group.room(id[1]);
  if (known !== undefined && known.usage.customer === change.customer) {
    if (known.listed === change.listed || isHeardAlone(known)) return;
    if (change.listed) markListedUnheard(model, known);
    else markUnlistedUnheard(model, known, now);
    return;
  }
  if (known !== undefined) removeRoom(model, known); // grants of the customer before end
  const room = openRoom(model, group, id[1], change.customer, false, []);
  if (change.listed && !isHeardAlone(room)) {
    markListedUnheard(model, room);
    return countAgain(room);
  }
  room.granted = now;
  awaitListing(model, room, now);
}

/** Another gateway has let somebody into a room, or has seen who came. */
export function followGrants(
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
  if (change.again === true && isGranted(known, change.user)) return;
  // Given up in the same moment: it is not, since somebody comes.
  const room = known ?? openRoom(model, group, id[1], change.customer, false, objections);
  leaveOpeningToOthers(room);
  grant(model, room, change.user, now, false);
  if (!room.listed) awaitListing(model, room, now);
}

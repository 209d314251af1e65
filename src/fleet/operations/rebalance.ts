import type { Change, ChangeOf } from "../change.ts";
import type { Address } from "../ids.ts";
import { expectedLoad, loadOf } from "../placement/expected_load.ts";
import { explain } from "./explain.ts";
import { lookAtBan } from "./look.ts";
import { isClosing, tellToClose } from "../rooms/closing.ts";
import { moveBack, moveGroup, openRoom } from "../rooms/opening.ts";
import { awaitListing, isAwaited } from "../rooms/presence.ts";
import type { RebalanceSettings } from "../settings.ts";
import type { Explanation } from "../facts.ts";
import { rememberCandidates } from "../state/explanation.ts";
import { expectGrowth, groupYoung, kindOf, knownOf, youngAgain } from "../state/growth.ts";
import type { Model } from "../state/model.ts";
import { forgetRebalanced, lastRebalanced, markRebalanced } from "../state/rebalanced.ts";
import type { Group } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import { type Count, exceeded, type Usage } from "../state/usage.ts";
import { endWaiting, isHandingOver } from "../tasks/hand_over.ts";
import type { Milliseconds } from "../time.ts";
import type { Undo } from "../undo.ts";

/** Groups of a server that are tried, each the best of those before, until one finds a server. */
const TRIED = 10;

/** A group that has got another server, which has to be made durable. */
export interface Rebalanced extends Pick<ChangeOf<"group-placed">, "namespace" | "group"> {
  readonly changes: Change[];
  /** What the store is to be told once the place holds. */
  readonly aside: readonly Change[];
  readonly undo: Undo;
  /** Another gateway was first to move the group: what its old server was to do about it is of no use any more. */
  withdraw(): Change[];
}

/** A group that may leave its server. */
interface Leaver {
  readonly group: Group;
  /** Load by which its server has less without it. */
  readonly load: number;
}

/**
 * Moves a group away from a server that is too full: the smallest one that brings it to its mark, else the largest one. To be
 * called when the server has reported, before tasks are put into the answer: it is told to close the rooms, and who was in
 * them comes back by a Connect, to the new place. O(its rooms, servers of its pool) where it is too full.
 *
 * @returns nothing where no group is to move, or none can
 */
export function rebalance(
  model: Model,
  address: Address,
  now: Milliseconds,
  random: () => number,
): Rebalanced | undefined {
  const settings = model.settings.placement.rebalance;
  const server = model.servers.get(address);
  if (settings === undefined || server === undefined || !isTooFull(model, server, settings, now)) {
    return undefined;
  }
  for (const { group } of leavers(model, server, settings, now).slice(0, TRIED)) {
    const size = sizeOf(group);
    const candidates = model.servers.pool(server.pool).open.filter((other) =>
      other !== server && !hasPart(other, settings, now) &&
      expectedLoad(other, size.expected) <= settings.above
    );
    if (candidates.length === 0) continue;
    const to = candidates.length === 1
      ? candidates[0]!
      : model.settings.placement.choose(candidates, size, random);
    return move(model, group, to, {
      at: now,
      by: model.settings.placement.strategy,
      relieved: { server: server.address, load: server.steadyLoad },
      kind: kindOf(group.namespace.name, group.name),
      expectedSize: size.expected,
      size: size.large,
      pool: server.pool,
      server: to.address,
      overCeiling: false,
      ...rememberCandidates(candidates, to, size),
      leftOut: [],
      furtherLeftOut: 0,
    }, now);
  }
  return undefined;
}

/** Whether the server is to give up a group now, and would be told at once to close it. */
function isTooFull(model: Model, server: Server, settings: RebalanceSettings, now: Milliseconds): boolean {
  return server.steadyLoad > settings.above && server.enabled && server.draining === undefined &&
    !hasPart(server, settings, now) && !isHandingOver(model, server, now) && now >= model.startWaitUntil;
}

/** Whether the server has given up a group, or got one, a moment ago: its load does not show that yet. */
function hasPart({ rebalanced }: Server, { interval }: RebalanceSettings, now: Milliseconds): boolean {
  return rebalanced !== undefined && now - rebalanced.at < interval;
}

/** The groups that may leave the server, the one first that is best to: the smallest that is enough, else the largest. */
function leavers(model: Model, server: Server, settings: RebalanceSettings, now: Milliseconds): Leaver[] {
  const groups = new Set(server.rooms.filter((room) => server.holds(room)).map(({ group }) => group));
  const tooMuch = server.steadyLoad - settings.above;
  return Array.from(groups)
    .filter((group) => mayLeave(model, group, settings, now))
    .map((group): Leaver => ({ group, load: loadOf(server, group.peers()) }))
    .sort((a, b) => a.load >= tooMuch && b.load >= tooMuch ? a.load - b.load : b.load - a.load);
}

/** Whether everybody in the group could come back at another server, and nothing else is about to happen to it. */
function mayLeave(model: Model, group: Group, { rest }: RebalanceSettings, now: Milliseconds): boolean {
  const { young, server } = group;
  if (now - lastRebalanced(model, group) < rest) return false;
  if (young !== undefined && !young.isNew && now - young.since < rest) return false;
  const used = new Map<Usage, Count>();
  for (const room of group.rooms()) {
    if (isAwaited(model, room, now) || isClosing(server, room.id)) return false;
    if (lookAtBan(model, room.id, undefined, now) !== undefined) return false;
    const count = used.get(room.usage) ?? { peers: 0, rooms: 0 };
    used.set(room.usage, { peers: count.peers + room.knownPeers, rooms: count.rooms + 1 });
  }
  // Somebody else may take what is left of the licence before they are back.
  return group.peers() > 0 &&
    used.entries().every(([usage, count]) => exceeded(usage.licence, usage, count) === undefined);
}

/** Clients of a group whose size is known, or is still to come. */
function sizeOf(group: Group): { readonly expected: number; readonly large: number } {
  const expected = Math.max(group.peers(), group.young?.expected ?? 0);
  return { expected, large: expected };
}

function move(
  model: Model,
  group: Group,
  to: Server,
  explanation: Explanation,
  now: Milliseconds,
): Rebalanced {
  const changes: Change[] = [];
  const { server: from, namespace: { name: namespace }, name } = group;
  const reached = group.peers();
  const young = youngAgain(group, explanation.kind, knownOf(model, explanation.kind, name), now);
  young.expected = young.returning = explanation.expectedSize;
  const departure = moveGroup(model, group, to, changes, { overload: from.steadyLoad });
  expectGrowth(group, young);
  if (model.shared) changes.push(groupYoung(group, 0, reached));
  const rooms = departure.rooms.map(({ room: { name, usage: { customer } } }) => {
    const room = openRoom(model, group, name, customer, false, changes);
    room.granted = now; // as if by a token: nobody may be sent elsewhere until those who were in it are back
    awaitListing(model, room, now);
    return room;
  });
  const closes = rooms.map(({ id, usage: { customer } }) =>
    tellToClose(model, from, id, customer, 0, now, changes)
  );
  markRebalanced(model, group, from, to, now);
  const { aside, undo: forget } = explain(model, group, explanation);

  return {
    namespace,
    group: name,
    changes,
    aside,
    undo: (now) => {
      for (const task of closes) endWaiting(model, task, []);
      moveBack(model, group, to, departure, now);
      forgetRebalanced(model, group);
      forget();
    },
    withdraw: () => {
      forgetRebalanced(model, group);
      const changes: Change[] = [];
      for (const task of closes) endWaiting(model, task, changes);
      return changes;
    },
  };
}

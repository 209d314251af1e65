import type { Change, ChangeOf } from "../change.ts";
import { type Address, groupName } from "../ids.ts";
import { expectedLoad, largestThatFits, loadOf } from "../placement/expected_load.ts";
import { explain } from "./explain.ts";
import { lookAtBan } from "./look.ts";
import { isClosing, tellToClose } from "../rooms/closing.ts";
import { moveBack, movedBack, moveGroup, openRoom } from "../rooms/opening.ts";
import { awaitListing, isAwaited } from "../rooms/presence.ts";
import type { RebalanceSettings } from "../settings.ts";
import type { Explanation, LeftOut, StallReason } from "../facts.ts";
import { SATURATED } from "../learning/mod.ts";
import { LeftOutList, rememberChoice } from "../state/explanation.ts";
import { expectGrowth, groupYoung, kindOf, knownOf, youngAgain } from "../state/growth.ts";
import type { Model } from "../state/model.ts";
import { forgetRebalanced, lastRebalanced, markRebalanced } from "../state/rebalanced.ts";
import type { Group } from "../state/room.ts";
import type { Server } from "../state/server.ts";
import { type Count, exceeded, type Usage } from "../state/usage.ts";
import { endWaiting, isHandingOver } from "../tasks/hand_over.ts";
import { endStall, stall } from "../state/stall.ts";
import type { Milliseconds } from "../time.ts";
import type { Undo } from "../undo.ts";

/** Load that moves must have missed to bring before they are taken to be of no use: less is noise. */
const MISSED = 0.03;

/** The same of a server that says that it is full, not how full: that is less only once this much has left. */
const MISSED_WHERE_FULL = 0.3;

/** A group that has got another server, which has to be made durable. */
export interface Rebalanced extends Pick<ChangeOf<"group-placed">, "namespace" | "group"> {
  readonly changes: Change[];
  /** What the store is to be told once the place holds. */
  readonly aside: readonly Change[];
  readonly undo: Undo;
  /** Another gateway was first to move the group: what its old server was to do about it is of no use any more. */
  withdraw(): Change[];
  /** Whether another gateway has moved a group from or to one of the two servers in the same moment, and was first. */
  isSecond(): boolean;
  /** Takes back the place that holds, before the old server has been told anything. @returns what the store is to be told */
  recall(now: Milliseconds): Change[];
}

/** A group that may leave its server. */
interface Leaver {
  readonly group: Group;
  /** Load by which its server has less without it. */
  readonly load: number;
  /** Clients that it is expected to come to elsewhere. */
  readonly size: number;
}

/** What became of a server that has reported. */
export interface Relieved {
  /** Nothing where no group is to move, or none can. */
  readonly moved?: Rebalanced;
  /** What is to be told of the server, whatever becomes of the move. */
  readonly told: Change[];
}

const NOTHING: Relieved = { told: [] };

/**
 * Moves a group away from a server that is too full: the smallest one that brings it to its mark, else the largest one. To be
 * called when the server has reported, before tasks are put into the answer: it is told to close the rooms, and who was in
 * them comes back by a Connect, to the new place. O(its rooms, servers of its pool) where it is too full. It gives up nothing
 * by a load that is not of its last report, nor for half an hour (`rest`) once its load has not fallen by what has left.
 */
export function rebalance(
  model: Model,
  address: Address,
  now: Milliseconds,
  random: () => number,
): Relieved {
  const settings = model.settings.placement.rebalance;
  const server = model.servers.get(address);
  if (server === undefined) return NOTHING;
  if (settings === undefined) return { told: endStall(server) };
  if (!server.loadKnown) return NOTHING;
  const isBelow = server.steadyLoad <= settings.above;
  if (isBelow || reliefEnds(server, settings, now)) server.relief = undefined;
  if (isBelow) return { told: endStall(server) };
  // One report alone may say anything, and what is made of several does for a while after it.
  if (Math.min(server.load, server.loadBefore) <= settings.above) return NOTHING;
  if (!isAsked(model, server, settings, now)) return NOTHING;
  if (keepsMoved(model, server) || !moveHelps(server)) {
    return { told: stall(server, "moves have not helped", settings, now) };
  }
  const moved = giveUpOne(model, server, settings, now, random);
  if (moved === undefined) return NOTHING;
  if (typeof moved === "string") return { told: stall(server, moved, settings, now) };
  return { moved, told: endStall(server) };
}

/** @returns why it keeps all that it has, or nothing where that is to be seen when other servers are out of their moves */
function giveUpOne(
  model: Model,
  server: Server,
  settings: RebalanceSettings,
  now: Milliseconds,
  random: () => number,
): Rebalanced | StallReason | undefined {
  const { placement } = model.settings;
  const { open, closed } = model.servers.pool(server.pool);
  const leftOut = new LeftOutList();
  for (const other of closed) if (other !== server) leftOut.add(other, other.closedBecause!);
  const others = open.filter((other) => other !== server);
  const ready = others.filter((other) => {
    const reason = whyNotNow(other, settings, now);
    if (reason !== undefined) leftOut.add(other, reason);
    return reason === undefined;
  });
  const largest = ready.reduce((most, other) => Math.max(most, largestThatFits(other, settings.above)), 0);
  const groups = leavers(model, server, settings, now);
  if (groups.length === 0) return "nothing may leave";
  for (const { group, size: clients } of groups) {
    if (clients > largest) continue;
    const fits = (other: Server) => expectedLoad(other, clients) <= settings.above;
    const candidates = ready.filter(fits);
    if (candidates.length === 0) continue; // by the last digit
    for (const other of ready) if (!fits(other)) leftOut.add(other, "above the ceiling");
    const size = { expected: clients, large: clients };
    const to = candidates.length === 1 ? candidates[0]! : placement.choose(candidates, size, random);
    return move(model, group, to, {
      at: now,
      relieved: { server: server.address, load: server.steadyLoad },
      kind: kindOf(group.namespace.name, group.name),
      expectedSize: clients,
      size: clients,
      pool: server.pool,
      server: to.address,
      overCeiling: false,
      ...rememberChoice(placement, candidates, to, size),
      leftOut: leftOut.servers,
      furtherLeftOut: leftOut.further,
    }, now);
  }
  return ready.length === others.length ? "nothing fits elsewhere" : undefined;
}

/** Whether the server may be relieved now, and would be told at once to close what it gives up. */
function isAsked(model: Model, server: Server, settings: RebalanceSettings, now: Milliseconds): boolean {
  return server.enabled && server.draining === undefined && !hasPart(server, settings, now) &&
    !isHandingOver(model, server, now) && now >= model.startWaitUntil;
}

/** Whether what was given up before says nothing of now: it is long ago, or only now it is known how full the server is. */
function reliefEnds(
  { relief, rebalanced, load }: Server,
  { rest }: RebalanceSettings,
  now: Milliseconds,
): boolean {
  if (relief?.full === true && load < SATURATED) return true;
  return rebalanced !== undefined && now - rebalanced.at >= rest;
}

/** Whether its report still lists a room of the group that it gave up last, or has got it back by that: it does not obey. */
function keepsMoved(model: Model, server: Server): boolean {
  const last = server.relief?.last;
  if (last === undefined) return false;
  const { name, namespace } = last;
  const isBack = model.groups.get(namespace.name, name)?.server === server;
  return isBack ||
    server.foreign.values().some((room) => room[0] === namespace.name && groupName(room[1]) === name);
}

/** Whether its load has fallen by what has left: else it is not of its rooms. */
function moveHelps({ relief, steadyLoad, counted, load }: Server): boolean {
  if (relief === undefined) return true;
  const missed = steadyLoad - counted * relief.ofClient - relief.beside;
  return missed < Math.max(relief.moved / 2, load >= SATURATED ? MISSED_WHERE_FULL : MISSED);
}

/** Whether the server has given up a group, or got one, a moment ago: its load does not show that yet. */
function hasPart({ rebalanced }: Server, { interval }: RebalanceSettings, now: Milliseconds): boolean {
  return rebalanced !== undefined && now - rebalanced.at < interval;
}

/** Why an open server can get no group now, however little it has. */
function whyNotNow(
  server: Server,
  settings: RebalanceSettings,
  now: Milliseconds,
): LeftOut["reason"] | undefined {
  if (!server.loadKnown) return "load not known";
  return hasPart(server, settings, now) ? "in a move a moment ago" : undefined;
}

/** The groups that may leave the server, the one first that is best to: the smallest that is enough, else the largest. */
function leavers(model: Model, server: Server, settings: RebalanceSettings, now: Milliseconds): Leaver[] {
  const groups = new Set(server.rooms.filter((room) => server.holds(room)).map(({ group }) => group));
  const tooMuch = server.steadyLoad - settings.above;
  return Array.from(groups)
    .filter((group) => mayLeave(model, group, settings, now))
    .map((group): Leaver => ({ group, load: loadOf(server, group.peers()), size: sizeOf(group) }))
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
function sizeOf(group: Group): number {
  return Math.max(group.peers(), group.young?.expected ?? 0);
}

function move(
  model: Model,
  group: Group,
  to: Server,
  explanation: Explanation,
  now: Milliseconds,
): Rebalanced {
  const changes: Change[] = [];
  const { relief } = group.server;
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
  markRebalanced(model, group, from, to, reached, now);
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
      from.relief = relief;
      forget();
    },
    withdraw: () => {
      forgetRebalanced(model, group);
      from.relief = relief;
      const changes: Change[] = [];
      for (const task of closes) endWaiting(model, task, changes);
      return changes;
    },
    // Whatever another gateway has done since to these servers comes later in the order, unless it was first.
    isSecond: () => from.rebalanced?.group !== group || to.rebalanced?.group !== group,
    recall: (now) => {
      const changes: Change[] = [];
      for (const task of closes) endWaiting(model, task, changes);
      const opened = group.rooms().map(({ id }) => id);
      moveBack(model, group, to, departure, now);
      if (group.server !== from) return changes;
      forgetRebalanced(model, group);
      from.relief = relief;
      forget();
      for (const room of opened) changes.push({ type: "room-closed", room, server: to.address });
      changes.push(...movedBack(group, to, departure));
      return changes;
    },
  };
}

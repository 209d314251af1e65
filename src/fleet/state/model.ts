import type { Address } from "../ids.ts";
import { Bans } from "./ban.ts";
import type { Demand } from "./demand.ts";
import type { Grant } from "./grant.ts";
import { Kinds, Names } from "../learning/mod.ts";
import { Explanations } from "./explanation.ts";
import { Miscounts } from "./miscounts.ts";
import { type Group, Groups, type Room } from "./room.ts";
import { RoomCost } from "./room_cost.ts";
import { Server, Servers } from "./server.ts";
import { type CompleteFleetSettings, defaultFleetSettings, type FleetSettings } from "../settings.ts";
import { Shares } from "./shares.ts";
import { TaskQueue } from "./task_queue.ts";
import type { Milliseconds } from "../time.ts";
import { UsageTable } from "./usage.ts";

/** The one model of the fleet. Only the operations of this folder change it. */
export interface Model {
  /** Replaced as a whole (`configure`). */
  settings: CompleteFleetSettings;
  readonly servers: Servers;
  readonly groups: Groups;
  readonly usage: UsageTable;
  readonly bans: Bans;
  /** What is known of the sizes that rooms reach. */
  readonly kinds: Kinds;
  /** What is known of names that come back. */
  readonly names: Names;
  /** Why the newest placements are as they are. */
  readonly explanations: Explanations;
  /** What was counted wrong, and nobody has been told of yet. */
  readonly miscounts: Miscounts;
  /** Characters of JSON in the task queues of all servers. */
  readonly taskBytes: Shares;
  /** Rooms in {@link Model.unlisted}, by customer. */
  readonly unlistedUnits: Shares;
  /** Outstanding grants, ordered by expiry. */
  readonly grants: Set<Grant>;
  /** Rooms that no report shows, and when they are forgotten; ordered by that. */
  readonly unlisted: Map<Room, Milliseconds>;
  /** Where several gateways share the store: the groups without a room, which keep their places for a while. */
  readonly leaving: Map<Group, Leaving>;
  /** All rooms there are, listed or not. */
  rooms: number;
  /** Until then, rooms that are not known may be on servers that have not reported yet: they are not placed. */
  startWaitUntil: Milliseconds;
  /** When the gateway last could not hear anybody. */
  deaf: { readonly from: Milliseconds; readonly to: Milliseconds };
  /** How the load of rooms grows with their clients. */
  readonly roomCost: RoomCost;
  /** How many clients each pool has had lately. */
  readonly demand: Map<string, Demand>;
  /** When they were last counted. */
  demandCounted: Milliseconds;
  /** When groups moved because of load, by `scopedKey`; the oldest first. */
  readonly rebalanced: Map<string, Milliseconds>;
  /** When the store was last told what has been learned. */
  learnedTold: Milliseconds;
  /** Whether other gateways work on the same fleet: what only they would not know is told, and nothing ends at once. */
  shared: boolean;
  /** Number of this gateway among those that share the fleet. */
  gateway: number;
  /** Number of the newest task of this gateway. */
  taskSequence: number;
  /** Number of the newest answer with tasks of this gateway. */
  handOvers: number;
  /** How many reports and leaves this gateway has named. */
  named: number;
}

/** A group that has no room any more. */
export interface Leaving {
  /** Names the leave, once it has been told. */
  readonly leave: string | undefined;
  /** When the next step is taken, unless somebody opens a room of it; nothing where that is not known yet. */
  readonly until: Milliseconds | undefined;
}

/** @param given what it leaves out of the limits has its default */
export function createModel(given: FleetSettings): Model {
  const settings = complete(given);
  const { limits } = settings;
  const { customerShare: share, taskBytes } = limits;
  const miscounts = new Miscounts();
  return {
    settings,
    servers: new Servers(),
    groups: new Groups(miscounts),
    usage: new UsageTable(miscounts),
    bans: new Bans(limits.bans, share, miscounts),
    kinds: new Kinds(limits.kinds, settings.placement.defaultSize),
    names: new Names(limits.names),
    explanations: new Explanations(limits.explanations),
    miscounts,
    taskBytes: new Shares(taskBytes, share, miscounts),
    unlistedUnits: new Shares(limits.unlistedRooms, share, miscounts),
    grants: new Set(),
    unlisted: new Map(),
    leaving: new Map(),
    rooms: 0,
    startWaitUntil: -Infinity,
    deaf: { from: -Infinity, to: -Infinity },
    roomCost: new RoomCost(),
    demand: new Map(),
    demandCounted: -Infinity,
    rebalanced: new Map(),
    learnedTold: -Infinity,
    shared: false,
    gateway: 0,
    taskSequence: 0,
    handOvers: 0,
    named: 0,
  };
}

function complete(given: FleetSettings): CompleteFleetSettings {
  return { ...given, limits: { ...defaultFleetSettings().limits, ...given.limits } };
}

/**
 * From now on these settings hold. What is there already stays, also above a limit that is lower now, and what was given a
 * time keeps it: a grant, a task or a place that is to end later than one that comes after it ends first, and lets that one
 * wait.
 *
 * @param given what it leaves out of the limits has its default
 */
export function configure(model: Model, given: FleetSettings): void {
  const settings = complete(given);
  const { limits, placement } = settings;
  const { customerShare: share } = limits;
  model.settings = settings;
  model.bans.configure(limits.bans, share);
  model.kinds.configure(limits.kinds, placement.defaultSize);
  model.names.configure(limits.names);
  model.explanations.configure(limits.explanations);
  model.taskBytes.configure(limits.taskBytes, share);
  model.unlistedUnits.configure(limits.unlistedRooms, share);
  for (const { tasks } of model.servers) tasks.configure(limits);
}

/** A name for a report, or for a leave of a group, that no other gives. */
export function newName(model: Model): string {
  return `${model.gateway}.${++model.named}`;
}

/** A server that becomes known. */
export function addServer(model: Model, address: Address, pool: string, now: Milliseconds): Server {
  const { settings: { limits }, taskBytes, miscounts, roomCost } = model;
  const server = new Server(
    address,
    pool,
    now,
    new TaskQueue(limits, taskBytes, miscounts),
    miscounts,
    roomCost,
  );
  model.servers.add(server);
  return server;
}

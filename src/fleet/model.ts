import { Bans } from "./ban.ts";
import type { Grant } from "./grant.ts";
import { Kinds } from "./learning/mod.ts";
import { Explanations } from "./explanation.ts";
import type { PlacementSettings } from "./placing.ts";
import { Groups, type Room } from "./room.ts";
import { type Address, Server, Servers } from "./server.ts";
import { Shares } from "./shares.ts";
import { TaskQueue } from "./task_queue.ts";
import type { Milliseconds } from "./time.ts";
import { UsageTable } from "./usage.ts";

/**
 * Bounds on what callers can make grow. Each leads to an error when it is reached, never to lost state. What customers
 * share counts in units of 256 bytes of names, see `shares.ts`.
 */
export interface FleetLimits {
  /** Fraction of a limit that each customer is sure of, whatever the others use, in (0, 1]. */
  readonly customerShare?: number | undefined;
  /** Size of all tasks that may wait for all servers, in characters of JSON. */
  readonly taskBytes?: number | undefined;
  /** Bans in force at a time. */
  readonly bans: number;
  /** Tasks that may wait for one server. */
  readonly tasksPerServer: number;
  /** Size of all tasks that may wait for one server, in characters of JSON. */
  readonly taskBytesPerServer: number;
  /** Rooms that were granted and that no report has shown yet. */
  readonly unlistedRooms: number;
  /** Known servers. */
  readonly servers: number;
  /** Kinds of rooms whose sizes are remembered; the least used are forgotten. */
  readonly kinds: number;
  /** Placements that can be explained, the newest. */
  readonly explanations: number;
}

/** How the fleet behaves; plain data but for the strategy. */
export interface FleetSettings {
  readonly placement: PlacementSettings;
  /** Interval at which servers report. */
  readonly updateInterval: Milliseconds;
  /** A server that is silent for so long gets no new rooms. */
  readonly disableTimeout: Milliseconds;
  /** A server that is silent for so long is forgotten. */
  readonly removeTimeout: Milliseconds;
  /** Lifetime of the tokens for rooms; a granted room that no report has shown for so long is forgotten. */
  readonly tokenLifetime: Milliseconds;
  /** How long a grant that no report shows counts towards licences and load. */
  readonly grantTimeout: Milliseconds;
  /** How long a task waits for its server before it is given up. */
  readonly taskLifetime: Milliseconds;
  readonly limits: FleetLimits;
}

/** The one model of the fleet. Only the operations of this folder change it. */
export interface Model {
  readonly settings: FleetSettings;
  readonly servers: Servers;
  readonly groups: Groups;
  readonly usage: UsageTable;
  readonly bans: Bans;
  /** What is known of the sizes that rooms reach. */
  readonly kinds: Kinds;
  /** Why the newest placements are as they are. */
  readonly explanations: Explanations;
  /** Characters of JSON in the task queues of all servers. */
  readonly taskBytes: Shares;
  /** Rooms in {@link Model.unlisted}, by customer. */
  readonly unlistedUnits: Shares;
  /** Outstanding grants, ordered by expiry. */
  readonly grants: Set<Grant>;
  /** Rooms that no report shows, and when they are forgotten; ordered by that. */
  readonly unlisted: Map<Room, Milliseconds>;
  /** All rooms there are, listed or not. */
  rooms: number;
  /** Until then, rooms that are not known may be on servers that have not reported yet: they are not placed. */
  learningUntil: Milliseconds;
  /** When the store was last told what has been learned. */
  learnedTold: Milliseconds;
  taskSequence: number;
  handOvers: number;
}

const DEFAULT_SHARE = 0.1;
const DEFAULT_TASK_BYTES = 256 * 1024 * 1024;

export function createModel(settings: FleetSettings): Model {
  const { limits, placement } = settings;
  const { customerShare: share = DEFAULT_SHARE, taskBytes = DEFAULT_TASK_BYTES } = limits;
  return {
    settings,
    servers: new Servers(),
    groups: new Groups(),
    usage: new UsageTable(),
    bans: new Bans(limits.bans, share),
    kinds: new Kinds(limits.kinds, placement.defaultSize),
    explanations: new Explanations(limits.explanations),
    taskBytes: new Shares(taskBytes, share),
    unlistedUnits: new Shares(limits.unlistedRooms, share),
    grants: new Set(),
    unlisted: new Map(),
    rooms: 0,
    learningUntil: -Infinity,
    learnedTold: -Infinity,
    taskSequence: 0,
    handOvers: 0,
  };
}

/** A server that becomes known. */
export function addServer(model: Model, address: Address, pool: string, now: Milliseconds): Server {
  const { customerShare = DEFAULT_SHARE, tasksPerServer, taskBytesPerServer } = model.settings.limits;
  const limits = { customerShare, tasksPerServer, taskBytesPerServer };
  const server = new Server(address, pool, now, new TaskQueue(limits, model.taskBytes));
  model.servers.add(server);
  return server;
}

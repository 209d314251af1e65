import { Bans } from "./ban.ts";
import type { Grant } from "./grant.ts";
import { Kinds } from "./learning/mod.ts";
import { Explanations } from "./explanation.ts";
import type { PlacementSettings } from "./placing.ts";
import { Groups, type Room } from "./room.ts";
import { Servers } from "./server.ts";
import type { Milliseconds } from "./time.ts";
import { UsageTable } from "./usage.ts";

/** Bounds on what callers can make grow. Each leads to an error when it is reached, never to lost state. */
export interface FleetLimits {
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

export function createModel(settings: FleetSettings): Model {
  return {
    settings,
    servers: new Servers(),
    groups: new Groups(),
    usage: new UsageTable(),
    bans: new Bans(settings.limits.bans),
    kinds: new Kinds(settings.limits.kinds, settings.placement.defaultSize),
    explanations: new Explanations(settings.limits.explanations),
    grants: new Set(),
    unlisted: new Map(),
    rooms: 0,
    learningUntil: -Infinity,
    learnedTold: -Infinity,
    taskSequence: 0,
    handOvers: 0,
  };
}

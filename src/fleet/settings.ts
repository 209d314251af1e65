import { DEFAULT_TARGET, strategies, type StrategyName } from "./placement/mod.ts";
import type { Strategy } from "./placement/strategy.ts";
import type { Milliseconds } from "./time.ts";

/** When groups are moved away from a server that is too full. */
export interface RebalanceSettings {
  /** Load above which a server gives up a group, and that no server is to come to by one. */
  readonly above: number;
  /** A server gives up or gets at most one group in so long. */
  readonly interval: Milliseconds;
  /** A group that has been moved is not moved again for so long; at most the growth window. */
  readonly rest: Milliseconds;
}

/** What is sensible where groups are moved at all. */
export const DEFAULT_REBALANCE: RebalanceSettings = { above: 0.9, interval: 15_000, rest: 1_800_000 };

/** How new groups get their servers. */
export interface PlacementSettings {
  /** Name of the strategy, for people. */
  readonly strategy: string;
  readonly choose: Strategy;
  /** Expected load above which a server takes a new group only if all others are above it too. */
  readonly ceiling: number;
  /** Load up to which `fill` fills servers, and that a forecast reckons with. */
  readonly target: number;
  /** Whether a group is placed or refused when all servers are above the ceiling. */
  readonly overload: "place" | "refuse";
  /**
   * The pools, in order, that take a pool's new groups when all its own servers are above the ceiling. Every pool that is
   * configured has an entry; none where that is not known.
   */
  readonly spill: ReadonlyMap<string, readonly string[]>;
  /** Clients of a room of which nothing is known. */
  readonly defaultSize: number;
  /** A group is watched, and teaches how its kind grows, for so long. */
  readonly growthWindow: Milliseconds;
  /** When groups are moved because of load; if absent, never. */
  readonly rebalance: RebalanceSettings | undefined;
}

/**
 * Bounds on what callers can make grow. Each leads to an error when it is reached, never to lost state. What customers
 * share counts in units of 256 bytes of names, see `shares.ts`.
 */
export interface FleetLimits {
  /** What is kept of a limit for customers who use little: each may have this fraction of what is left of it, in (0, 1]. */
  readonly customerShare?: number;
  /** Size of all tasks that may wait for all servers, in characters of JSON. */
  readonly taskBytes?: number;
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
  /** Names of rooms whose sizes are remembered; of those that share a place, the least used are forgotten. */
  readonly names: number;
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

/** Settings in which every limit is said. */
export interface CompleteFleetSettings extends FleetSettings {
  readonly limits: Required<FleetLimits>;
}

/** Settings that differ from the defaults. A strategy's name brings the strategy. */
export interface FleetOverrides extends Partial<Omit<FleetSettings, "placement" | "limits">> {
  readonly placement?: Partial<PlacementSettings>;
  readonly limits?: Partial<FleetLimits>;
}

/** What an empty configuration gives, but for what is to differ. */
export function defaultFleetSettings(overrides: FleetOverrides = {}): CompleteFleetSettings {
  const strategy = overrides.placement?.strategy ?? DEFAULT_STRATEGY;
  return {
    updateInterval: 5000,
    disableTimeout: 7500,
    removeTimeout: 600_000,
    tokenLifetime: 300_000,
    grantTimeout: 15_000,
    taskLifetime: 86_400_000,
    ...overrides,
    placement: {
      strategy,
      choose: strategies[strategy as StrategyName] ?? strategies[DEFAULT_STRATEGY],
      ceiling: 0.95,
      target: DEFAULT_TARGET,
      overload: "place",
      spill: new Map(),
      defaultSize: 10,
      growthWindow: 5_400_000,
      rebalance: undefined,
      ...overrides.placement,
    },
    limits: {
      customerShare: 0.1,
      servers: 10_000,
      unlistedRooms: 1_000_000,
      bans: 1_000_000,
      tasksPerServer: 10_000,
      taskBytesPerServer: 16 * 1024 * 1024,
      taskBytes: 256 * 1024 * 1024,
      kinds: 10_000,
      names: 100_000,
      explanations: 10_000,
      ...overrides.limits,
    },
  };
}

const DEFAULT_STRATEGY = "expected" satisfies StrategyName;

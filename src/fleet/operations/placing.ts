import type { Address } from "../ids.ts";
import type { Explanation } from "../facts.ts";
import { LeftOutList, rememberChoice } from "../state/explanation.ts";
import { type Kind, SATURATED } from "../learning/mod.ts";
import type { Model } from "../state/model.ts";
import { expectedLoad } from "../placement/expected_load.ts";
import type { NewSize } from "../placement/strategy.ts";
import type { Server } from "../state/server.ts";
import type { Milliseconds } from "../time.ts";

/** A group that needs a server. */
export interface PlaceInput {
  readonly kind: Kind;
  readonly size: NewSize;
  readonly pool: string;
  /** The only pools whose servers may take it; if absent, any. */
  readonly allowedPools?: readonly string[] | undefined;
  /** The only server that may take it. */
  readonly server?: Address | undefined;
}

export type PlaceRefusal = "no-server" | "server-not-available" | "pool-not-allowed" | "overloaded";

/**
 * Chooses the server for a new group: in its pool, else in those that the pool spills to, below the ceiling; above it
 * only where none is left below, and that is not to be refused. O(servers of these pools).
 */
export function choose(
  model: Model,
  input: PlaceInput,
  now: Milliseconds,
  random: () => number,
): { server: Server; explanation: Explanation } | PlaceRefusal {
  const { placement } = model.settings;
  const { kind, size, allowedPools } = input;
  const leftOut = new LeftOutList();
  const decide = (pool: string, candidates: readonly Server[], overCeiling: boolean) => {
    const server = candidates.length === 1 ? candidates[0]! : placement.choose(candidates, size, random);
    const explanation: Explanation = {
      at: now,
      kind,
      expectedSize: size.expected,
      size: size.large,
      pool,
      server: server.address,
      overCeiling,
      ...rememberChoice(placement, candidates, server, size),
      ...(input.server === undefined ? {} : { by: "the client's token" }),
      leftOut: leftOut.servers,
      furtherLeftOut: leftOut.further,
    };
    return { server, explanation };
  };

  if (allowedPools?.includes(input.pool) === false) return "pool-not-allowed";
  const spill = placement.spill.get(input.pool) ?? [];
  const pools = [input.pool, ...spill.filter((pool) => allowedPools?.includes(pool) ?? true)];
  if (input.server !== undefined) {
    for (const pool of pools) {
      const asked = model.servers.pool(pool).open.find(({ address }) => address === input.server);
      if (asked === undefined) continue;
      const over = expectedLoad(asked, size.expected) > placement.ceiling;
      if (over && (placement.overload === "refuse" || asked.load >= SATURATED)) return "overloaded";
      return decide(pool, [asked], over);
    }
    return "server-not-available";
  }
  for (const pool of pools) {
    const { open, closed } = model.servers.pool(pool);
    for (const server of closed) leftOut.add(server, server.closedBecause!);
    const below = belowCeiling(open, size.expected, placement.ceiling, leftOut);
    if (below.length > 0) return decide(pool, below, false);
  }
  const full = pools.find((pool) => model.servers.pool(pool).open.length > 0);
  if (full === undefined) return "no-server";
  return placement.overload === "refuse" ? "overloaded" : decide(full, model.servers.pool(full).open, true);
}

/**
 * The servers that stay below the ceiling with a group of the size that is expected of it, not of the largest that it may
 * come to: else a kind with a few very large rooms is kept out of idle servers. Mostly all of them, and then the same array.
 */
function belowCeiling(
  servers: readonly Server[],
  size: number,
  ceiling: number,
  leftOut: LeftOutList,
): readonly Server[] {
  const stays = (server: Server) => expectedLoad(server, size) <= ceiling;
  if (servers.every(stays)) return servers;
  return servers.filter((server) => {
    const staying = stays(server);
    if (!staying) leftOut.add(server, "above the ceiling");
    return staying;
  });
}

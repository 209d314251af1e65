import type { Milliseconds, PlacementSettings, Server, ServerLoad } from "../../src/fleet/mod.ts";
import { strategies, type StrategyName } from "../../src/fleet/placement/mod.ts";
import { cheapest, type Strategy } from "../../src/fleet/placement/strategy.ts";
import type { HostState, World } from "./world.ts";
import type { SimulatedRoom } from "./workload.ts";

/** A way of placing rooms that takes part. */
export interface Contender {
  readonly name: string;
  readonly about: string;
  /** Its settings for one run. */
  placement(world: World): Partial<PlacementSettings> & Pick<PlacementSettings, "choose">;
  /** Called with every grant. */
  readonly granted?: (world: World, host: HostState, room: SimulatedRoom) => void;
}

const MINUTE: Milliseconds = 60_000;

/** A strategy of the gateway. The ceiling is part of ours; the others go without. */
function ours(name: StrategyName, about: string): Contender {
  const ceiling = name === "expected" ? {} : { ceiling: Infinity };
  return { name, about, placement: () => ({ choose: strategies[name], ...ceiling }) };
}

/** A rule that needs to know more than the gateway tells its strategies, and keeps books of its own for each run. */
function rule<Books>(
  name: string,
  about: string,
  books: (world: World) => Books,
  cost: (books: Books, world: World, host: HostState, server: ServerLoad) => number,
  granted?: (books: Books, world: World, host: HostState, room: SimulatedRoom) => void,
): Contender {
  const byWorld = new WeakMap<World, Books>();
  const booksOf = (world: World) => {
    let its = byWorld.get(world);
    if (its === undefined) byWorld.set(world, its = books(world));
    return its;
  };
  return {
    name,
    about,
    placement: (world) => {
      const hosts = new Map(world.hosts.map((host) => [host.address, host]));
      const choose: Strategy = (candidates, _size, random) => {
        const its = booksOf(world);
        return cheapest(candidates, (server) => cost(its, world, hosts.get(server.address)!, server), random);
      };
      return { choose, ceiling: Infinity };
    },
    granted: (world, host, room) => granted?.(booksOf(world), world, host, room),
  };
}

/** Lowest reported load, plus a fixed amount for each client granted in the last ten seconds. */
const joinsAdded = rule(
  "joins-added",
  "lowest reported load, plus 0.002 for each client granted in the last 10 s",
  (world) => world.hosts.map((): Milliseconds[] => []),
  (joins, world, host, server) => {
    const its = joins[host.index]!;
    while (its.length > 0 && its[0]! <= world.now - 10_000) its.shift();
    return server.load + its.length * 0.002;
  },
  (joins, world, host) => joins[host.index]!.push(world.now),
);

/** Each room counts at least fifteen clients for its first fifteen minutes. */
const floor15 = rule(
  "floor-15",
  "lowest reported load, with at least 15 clients for each room in its first 15 minutes",
  (world) => world.hosts.map(() => new Map<string, Milliseconds>()),
  (rooms, world, host, server) => {
    const its = rooms[host.index]!;
    let missing = 0;
    for (const [key, since] of its) {
      if (since <= world.now - 15 * MINUTE) its.delete(key);
      else missing += Math.max(0, 15 - reportedPeers(world, key));
    }
    return server.load + (missing + 15) * server.loadPerClient;
  },
  (rooms, world, host, room) => {
    const key = `${room.namespace}\n${room.name}`;
    if (!rooms[host.index]!.has(key)) rooms[host.index]!.set(key, world.now);
  },
);

function reportedPeers(world: World, key: string): number {
  const [namespace, name] = key.split("\n");
  return world.model.groups.room([namespace!, name!])?.peers ?? 0;
}

/** A room that an oracle has placed, with its size and its end. */
interface Known {
  readonly size: number;
  readonly ends: Milliseconds;
}

type Ledger = Map<SimulatedRoom, Known>[];

function ledger(world: World): Ledger {
  return world.hosts.map(() => new Map());
}

function enter(ledger: Ledger, _world: World, host: HostState, room: SimulatedRoom): void {
  for (const its of ledger) if (its !== ledger[host.index]) its.delete(room);
  ledger[host.index]!.set(room, { size: room.joins.length, ends: Math.max(...room.leaves) });
}

/** The rooms on a host that have not ended. */
function current(ledger: Ledger, world: World, host: HostState): Known[] {
  const its = ledger[host.index]!;
  for (const [room, { ends }] of its) if (ends <= world.now) its.delete(room);
  return [...its.values()];
}

/** Knows the final size of each room, and what servers are really like. */
const sizeOracle = rule(
  "oracle-size",
  "knows the final size of each room, and each server's capacity",
  ledger,
  (rooms, world, host) => {
    let clients = world.placing!.joins.length;
    for (const { size } of current(rooms, world, host)) clients += size;
    return clients / host.capacity;
  },
  enter,
);

/** Knows also when each room ends: takes the server whose load over the room's life will be lowest, as a mean. */
const lifeOracle = rule(
  "oracle-life",
  "knows also when each room ends",
  ledger,
  (rooms, world, host) => {
    const { joins, leaves } = world.placing!;
    const life = Math.max(...leaves) - world.now;
    let clients = joins.length;
    let now = joins.length;
    for (const { size, ends } of current(rooms, world, host)) {
      clients += size * Math.min(1, (ends - world.now) / life);
      now += size;
    }
    return 0.5 * (clients + now) / host.capacity;
  },
  enter,
);

export const contenders: readonly Contender[] = [
  ours("expected", "this gateway's default: expected size, growth and cost, as learned"),
  ours("weighted", "in use today: random, weighted by 1 − reported load"),
  ours("least-load", "lowest reported load with grants counted"),
  ours("two-choices", "the less loaded of two at random"),
  ours("least-rooms", "fewest rooms"),
  joinsAdded,
  floor15,
  sizeOracle,
  lifeOracle,
];

export type { Server };

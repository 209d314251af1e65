import type { Milliseconds, PlacementSettings, Room, ServerLoad } from "../../src/fleet/mod.ts";
import { DEFAULT_REBALANCE, strategies, type StrategyName } from "../../src/fleet/mod.ts";
import { cheapest, type Strategy } from "../../src/fleet/placement/strategy.ts";
import type { Host } from "./host.ts";
import type { World } from "./world.ts";
import type { SimulatedRoom } from "./workload.ts";

/** A way of placing rooms that takes part. */
export interface Contender {
  readonly name: string;
  readonly about: string;
  /** Its settings for one run. */
  placement(world: World): Partial<PlacementSettings> & Pick<PlacementSettings, "choose">;
  /** Called with every grant. */
  readonly granted?: (world: World, host: Host, room: SimulatedRoom) => void;
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
  cost: (books: Books, world: World, host: Host, server: ServerLoad) => number,
  granted?: (books: Books, world: World, host: Host, room: SimulatedRoom) => void,
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
  (world) => world.hosts.map(() => new Map<Room, Milliseconds>()),
  (rooms, world, host, server) => {
    const its = rooms[host.index]!;
    let missing = 0;
    for (const [room, since] of its) {
      if (since <= world.now - 15 * MINUTE) its.delete(room);
      else missing += Math.max(0, 15 - room.knownPeers);
    }
    return server.load + (missing + 15) * server.loadPerClient;
  },
  (rooms, world, host, { namespace, name }) => {
    const room = world.model.groups.room([namespace, name])!;
    if (!rooms[host.index]!.has(room)) rooms[host.index]!.set(room, world.now);
  },
);

/** The rooms that an oracle has placed, by host. */
type Ledger = Set<SimulatedRoom>[];

function ledger(world: World): Ledger {
  return world.hosts.map(() => new Set());
}

function enter(ledger: Ledger, _world: World, host: Host, room: SimulatedRoom): void {
  const its = ledger[host.index]!;
  if (its.has(room)) return;
  for (const other of ledger) other.delete(room);
  its.add(room);
}

/** Adds up what rooms on a host that have not ended are worth. */
function sum(
  ledger: Ledger,
  world: World,
  host: Host,
  worth: (room: SimulatedRoom) => number,
): number {
  let total = 0;
  for (const room of ledger[host.index]!) {
    if (room.ends <= world.now) ledger[host.index]!.delete(room);
    else total += worth(room);
  }
  return total;
}

/**
 * A rule that knows each server's capacity, and what each room that it has placed is worth: the least part of its capacity
 * is taken on the server that is chosen.
 *
 * @param worth what a room counts for while one is placed, that one or another that has not ended; in the unit of capacities
 */
function oracle(
  name: string,
  about: string,
  worth: (world: World, room: SimulatedRoom, placed: SimulatedRoom) => number,
): Contender {
  const cost = (rooms: Ledger, world: World, host: Host) => {
    const { placing } = world;
    if (placing === undefined) throw new Error("no room is placed now");
    const its = worth(world, placing, placing);
    return (its + sum(rooms, world, host, (room) => worth(world, room, placing))) / host.capacity;
  };
  return rule(name, about, ledger, cost, enter);
}

function finalWork({ workload }: World, { joins }: SimulatedRoom): number {
  return workload.work(joins.length);
}

/** Knows the final size of each room, and what servers are really like. */
const sizeOracle = oracle(
  "oracle-size",
  "knows the final size of each room, and each server's capacity",
  finalWork,
);

/** Knows also when each room ends: counts half for how long they will be there together. */
const lifeOracle = oracle(
  "oracle-life",
  "knows also when each room ends",
  (world, room, placed) => {
    const life = placed.ends - world.now;
    return finalWork(world, room) * (1 + Math.min(1, (room.ends - world.now) / life)) / 2;
  },
);

/**
 * Knows what could be known: each server's capacity, and the usual size of a name that comes back and of a kind, and how
 * long they fill; of the room itself only what reports and grants tell.
 */
const informed = oracle(
  "informed",
  "knows each server's capacity, and the usual size of each name and kind, but not the room's own",
  (world, room) => {
    const there = clientsOf(world, room);
    const { size, fills } = room.usual ?? { size: () => room.joins.length, fills: Infinity };
    return world.workload.work(world.now - room.joins[0]! < fills ? Math.max(there, size(there)) : there);
  },
);

/** By world, the first room of each name. */
const firsts = new WeakMap<World, ReadonlySet<SimulatedRoom>>();

function isFirstOfItsName(world: World, room: SimulatedRoom): boolean {
  let its = firsts.get(world);
  if (its === undefined) {
    const byName = new Map<string, SimulatedRoom>();
    for (const each of world.workload.rooms.toReversed()) byName.set(`${each.namespace}\n${each.name}`, each);
    firsts.set(world, its = new Set(byName.values()));
  }
  return its.has(room);
}

/**
 * Knows no more than a perfect learner could: of each kind what its rooms come to and how they fill, from the beginning, and
 * of a name what it usually comes to from its second room on.
 */
const learner = oracle(
  "learner",
  "knows what can be learned: each kind's sizes and how it fills, and a name once it was there before",
  (world, room) => {
    const there = clientsOf(world, room);
    const age = world.now - room.joins[0]!;
    const known = isFirstOfItsName(world, room) ? room.ofKind : room.usual;
    if (known === undefined) return world.workload.work(room.joins.length);
    return world.workload.work(
      age < known.fills ? Math.max(there, known.byFilling(Math.max(1, there), age)) : there,
    );
  },
);

/** Clients that are in a room or on their way to it. */
function clientsOf({ model }: World, { namespace, name }: SimulatedRoom): number {
  const room = model.groups.room([namespace, name]);
  return room === undefined ? 0 : room.knownPeers + (room.grants?.size ?? 0);
}

export const contenders: readonly Contender[] = [
  ours("expected", "this gateway's default: expected size, growth and cost, as learned"),
  {
    name: "rebalance",
    about: "the default, and rooms are moved away from servers above 90 %",
    placement: () => ({ choose: strategies.expected, rebalance: DEFAULT_REBALANCE }),
  },
  ours("fill", "the fullest server that stays below 75 %, so that others stay empty"),
  ours("weighted", "in use today: random, weighted by 1 − reported load"),
  ours("least-load", "lowest reported load with grants counted"),
  ours("two-choices", "the less loaded of two at random"),
  ours("least-rooms", "fewest rooms"),
  joinsAdded,
  floor15,
  informed,
  learner,
  sizeOracle,
  lifeOracle,
];

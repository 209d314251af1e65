import { type Address, groupName } from "./ids.ts";
import assert from "node:assert/strict";
import type { Change } from "./change.ts";
import { connect, type ConnectInput, type ConnectOutcome } from "./operations/connect.ts";
import { createModel, type Model } from "./state/model.ts";
import { report } from "./operations/report.ts";
import { defaultFleetSettings, type FleetSettings } from "./settings.ts";
import type { Milliseconds } from "./time.ts";

/** The defaults, with limits that tests can reach. */
export const SETTINGS: FleetSettings = defaultFleetSettings({
  taskLifetime: 3_600_000,
  limits: {
    bans: 100,
    tasksPerServer: 100,
    taskBytesPerServer: 100_000,
    unlistedRooms: 1000,
    servers: 100,
    kinds: 100,
    names: 128,
    explanations: 100,
  },
});

export function testModel(settings: Partial<FleetSettings> = {}): Model {
  return createModel({ ...SETTINGS, ...settings });
}

export const address = (name: string) => `${name}.example:4433` as Address;

const UNLIMITED = { maxPeers: Infinity, maxRooms: Infinity };

/** Asks for a room or rooms of the customer `acme`, without a licence's limits. */
export function ask(
  model: Model,
  rooms: string | readonly string[],
  user: string,
  now: Milliseconds = 0,
  more: Partial<ConnectInput> = {},
): ConnectOutcome {
  const input = {
    customer: "acme",
    licence: UNLIMITED,
    namespace: "acme",
    rooms: [rooms].flat(),
    user,
    pool: "default",
  };
  return connect(model, { ...input, ...more }, now, seededRandom(now)).outcome;
}

/** The server that is granted for a room. */
export function place(...asking: Parameters<typeof ask>): Address {
  const outcome = ask(...asking);
  assert.ok(outcome.granted, JSON.stringify(outcome));
  return outcome.server;
}

/** Clients that a server of {@link hear} can take. */
const CAPACITY = 1000;

/** A report of rooms, each with its name, peers and age in seconds; what changed. */
export function hear(
  model: Model,
  server: string,
  rooms: readonly (readonly [name: string, peers: number, age: number])[],
  now: Milliseconds,
  pool = "default",
): Change[] {
  const clients = rooms.reduce((sum, [, peers]) => sum + peers, 0);
  const listed = rooms.map(([name, peers, age]) => ({
    id: ["acme", name] as const,
    customer: "acme",
    peers,
    age: { secs: age, nanos: 0 },
  }));
  const load = clients / CAPACITY;
  return report(model, { address: address(server), pool, version: "1", load, clients, rooms: listed }, now)
    .changes;
}

/** A random source that gives the same numbers every time (mulberry32). */
export function seededRandom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Counts everything anew and compares it with what the model keeps count of. */
export function checkConsistency(model: Model): void {
  assert.deepEqual(model.miscounts.found, []);
  const usage = new Map<
    string,
    { peers: number; rooms: number; grantedPeers: number; grantedRooms: number }
  >();
  const references = new Map<string, number>();
  const grants = new Map<string, number>();
  /** Customers of rooms that this gateway has no report of, or another has a newer one: only sums are known for sure. */
  const summed = new Set<string>();
  let rooms = 0;
  for (const group of model.groups) {
    if (group.empty) assert.ok(model.leaving.has(group), "an empty group");
    else assert.ok(!model.leaving.has(group), "a group with a room is leaving");
    assert.equal(model.servers.get(group.server.address), group.server, "a group on an unknown server");
    assert.equal(group.listed, group.rooms().filter(({ listed }) => listed).length);
    for (const room of group.rooms()) {
      rooms++;
      const { customer } = room.usage;
      assert.equal(groupName(room.name), group.name);
      assert.equal(model.unlisted.has(room), !room.listed);
      references.set(customer, (references.get(customer) ?? 0) + 1);
      const its = usage.get(customer) ?? { peers: 0, rooms: 0, grantedPeers: 0, grantedRooms: 0 };
      usage.set(customer, its);
      const isHeard = room.peers !== undefined && (group.server.heardHere || !model.shared);
      if (room.listed && !isHeard) summed.add(customer);
      if (room.listed && group.server.retainsGroups) {
        its.peers += room.knownPeers;
        its.rooms++;
      }
      const onTheWay = room.grants?.size ?? 0;
      its.grantedPeers += onTheWay;
      if (!room.listed && onTheWay > 0) its.grantedRooms++;
      grants.set(group.server.address, (grants.get(group.server.address) ?? 0) + onTheWay);
    }
  }
  assert.equal(model.rooms, rooms);
  for (const its of model.usage.values()) {
    assert.equal(its.references, references.get(its.customer));
    const counted = usage.get(its.customer)!;
    if (summed.has(its.customer)) {
      const { peers, rooms } = its.reported;
      assert.ok(peers >= 0, `${its.customer} has ${peers} peers`);
      assert.equal(rooms, counted.rooms, `rooms of ${its.customer}`);
    } else assert.deepEqual(its.reported, { peers: counted.peers, rooms: counted.rooms });
    assert.deepEqual(its.granted, { peers: counted.grantedPeers, rooms: counted.grantedRooms });
  }
  const listed = new Set(Array.from(model.servers, ({ rooms }) => rooms).flat());
  for (const group of model.groups) {
    for (const room of group.rooms()) {
      if (room.listed) assert.ok(listed.has(room), `${room.name} is listed, and by no report`);
    }
  }
  const byServer = Map.groupBy(model.groups, ({ server }) => server);
  for (const server of model.servers) {
    const groups = byServer.get(server) ?? []; // it holds none
    assert.equal(server.grants, grants.get(server.address) ?? 0);
    assert.equal(server.groups, groups.length);
    const young = groups.filter((group) => group.young !== undefined);
    assert.deepEqual(new Set(server.young), new Set(young));
    for (const group of young) {
      const onTheWay = group.rooms().reduce((sum, room) => sum + (room.grants?.size ?? 0), 0);
      assert.equal(group.young!.grants, onTheWay);
    }
    const growth = young.reduce((sum, group) => sum + group.young!.growth, 0);
    assert.ok(Math.abs(server.growth - growth) < 1e-6, `${server.growth} is not ${growth}`);
    const work = young.reduce((sum, group) => sum + group.young!.growthWork, 0);
    assert.ok(
      Math.abs(server.growthWork - work) < 1e-6 * Math.max(1, work),
      `${server.growthWork} is not ${work}`,
    );
    const { open, closed } = model.servers.pool(server.pool);
    assert.equal(open.includes(server), server.closedBecause === undefined);
    assert.equal(closed.includes(server), server.closedBecause !== undefined);
  }
}

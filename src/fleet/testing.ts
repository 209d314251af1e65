import assert from "node:assert/strict";
import { createModel, type FleetSettings, type Model } from "./model.ts";
import { leastLoad } from "./placement/least_load.ts";
import { groupName, UNLISTED } from "./room.ts";
import type { Address } from "./server.ts";

/** Settings for tests: the defaults, in milliseconds. */
export const SETTINGS: FleetSettings = {
  strategy: leastLoad,
  updateInterval: 5000,
  disableTimeout: 7500,
  removeTimeout: 600_000,
  tokenLifetime: 300_000,
  grantTimeout: 15_000,
  taskLifetime: 3_600_000,
  limits: {
    bans: 100,
    tasksPerServer: 100,
    taskBytesPerServer: 100_000,
    unlistedRooms: 1000,
    servers: 100,
  },
};

export function testModel(settings: Partial<FleetSettings> = {}): Model {
  return createModel({ ...SETTINGS, ...settings });
}

export const address = (name: string) => `${name}.example:4433` as Address;

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
  const usage = new Map<
    string,
    { peers: number; rooms: number; grantedPeers: number; grantedRooms: number }
  >();
  const references = new Map<string, number>();
  const grants = new Map<string, number>();
  let rooms = 0;
  for (const group of model.groups) {
    assert.ok(!group.empty, "an empty group");
    assert.equal(model.servers.get(group.server.address), group.server, "a group on an unknown server");
    assert.equal(group.listed, group.rooms().filter(({ report }) => report !== UNLISTED).length);
    for (const room of group.rooms()) {
      rooms++;
      const { customer } = room.usage;
      assert.equal(groupName(room.name), group.name);
      assert.equal(model.unlisted.has(room), room.report === UNLISTED);
      references.set(customer, (references.get(customer) ?? 0) + 1);
      const its = usage.get(customer) ?? { peers: 0, rooms: 0, grantedPeers: 0, grantedRooms: 0 };
      usage.set(customer, its);
      if (room.report !== UNLISTED && group.server.enabled) {
        its.peers += room.peers;
        its.rooms++;
      }
      const onTheWay = room.grants?.size ?? 0;
      its.grantedPeers += onTheWay;
      if (room.report === UNLISTED && onTheWay > 0) its.grantedRooms++;
      grants.set(group.server.address, (grants.get(group.server.address) ?? 0) + onTheWay);
    }
  }
  assert.equal(model.rooms, rooms);
  for (const its of model.usage.values()) {
    assert.equal(its.references, references.get(its.customer));
    const counted = usage.get(its.customer)!;
    assert.deepEqual(its.reported, { peers: counted.peers, rooms: counted.rooms });
    assert.deepEqual(its.granted, { peers: counted.grantedPeers, rooms: counted.grantedRooms });
  }
  for (const server of model.servers) assert.equal(server.grants, grants.get(server.address) ?? 0);
}

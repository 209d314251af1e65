import type { Address, Snapshot } from "../src/fleet/mod.ts";
import { SqliteStore } from "../src/store/sqlite/store.ts";

/** Fills the store in a data folder with rooms of the customer `acme`, 200 servers and 10,000 bans. */
export async function writeLargeStore(folder: string, rooms = 100_000): Promise<void> {
  const store = await SqliteStore.open(folder, {
    now: () => performance.now(),
    unixTime: Date.now,
    others: () => {},
    failed: (error) => {
      throw error;
    },
  });
  await store.replace(largeSnapshot(rooms));
  await store.close();
}

function largeSnapshot(count: number): Snapshot {
  const rooms = Array.from({ length: count }, (_, i) => `room-${i}`);
  return {
    servers: Array.from({ length: 200 }, (_, i) => ({
      address: `sfu${i}:1` as Address,
      pool: "default",
      version: "1",
      enabled: true,
      load: 0.5,
      clients: 1000,
      usage: [{ customer: "acme", peers: 1000, rooms: count / 200 }],
      firstSeen: 0,
      cost: [120, 120_000, 60, 120_000_000, 60_000] as const,
      weight: 1,
      draining: undefined,
    })),
    placements: rooms.map((group, i) => ({ namespace: "acme", group, server: `sfu${i % 200}:1` as Address })),
    rooms: rooms.map((name) => ({ namespace: "acme", name, customer: "acme", listed: true })),
    bans: Array.from({ length: 10_000 }, (_, i) => ({
      room: ["acme", `banned-${i}`] as const,
      until: performance.now() + 3_600_000,
    })),
    tasks: [],
    kinds: [],
    names: [],
  };
}

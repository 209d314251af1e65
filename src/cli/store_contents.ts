import type { Snapshot } from "../fleet/mod.ts";
import type { Store } from "../store/port.ts";

/** Everything that a store has. */
export type Contents = {
  readonly [Kind in keyof Snapshot]: Snapshot[Kind] extends Iterable<infer Row> ? Row[] : never;
};

/** @throws {StoreError} where it cannot be read */
export async function contentsOf(store: Store): Promise<Contents> {
  const all: Contents = { servers: [], placements: [], rooms: [], bans: [], kinds: [], tasks: [] };
  for await (const piece of store.load()) {
    for (const row of piece.servers ?? []) all.servers.push(row);
    for (const row of piece.placements ?? []) all.placements.push(row);
    for (const row of piece.rooms ?? []) all.rooms.push(row);
    for (const row of piece.bans ?? []) all.bans.push(row);
    for (const row of piece.kinds ?? []) all.kinds.push(row);
    for (const row of piece.tasks ?? []) all.tasks.push(row);
  }
  return all;
}

/** How many rows that is. */
export function countOf(contents: Contents): number {
  return Object.values(contents).reduce((sum, { length }) => sum + length, 0);
}

/** What that is, for people. */
export function inWords({ servers, placements, rooms, bans, kinds, tasks }: Contents): string {
  return [
    `servers ${servers.length}`,
    `groups ${placements.length}`,
    `rooms ${rooms.length}`,
    `bans ${bans.length}`,
    `tasks ${tasks.length}`,
    `kinds of rooms ${kinds.length}`,
  ].join(", ");
}

import type { Snapshot } from "../fleet/mod.ts";
import type { Store } from "./port.ts";

/** Everything that a store has. */
export type Contents = {
  readonly [Kind in keyof Snapshot]: Snapshot[Kind] extends Iterable<infer Row> ? Row[] : never;
};

/** @throws {StoreError} where it cannot be read */
export async function contentsOf(store: Store): Promise<Contents> {
  const all: Contents = { servers: [], placements: [], rooms: [], bans: [], kinds: [], names: [], tasks: [] };
  for await (const piece of store.load()) {
    for (const row of piece.servers ?? []) all.servers.push(row);
    for (const row of piece.placements ?? []) all.placements.push(row);
    for (const row of piece.rooms ?? []) all.rooms.push(row);
    for (const row of piece.bans ?? []) all.bans.push(row);
    for (const row of piece.kinds ?? []) all.kinds.push(row);
    for (const row of piece.names ?? []) all.names.push(row);
    for (const row of piece.tasks ?? []) all.tasks.push(row);
  }
  return all;
}

import type { Snapshot, StoredHandOver } from "../fleet/mod.ts";
import type { Store } from "./port.ts";

/** Everything that a store has. */
export type Contents =
  & { readonly [Kind in keyof Snapshot]: Snapshot[Kind] extends Iterable<infer Row> ? Row[] : never }
  & { readonly handOvers: StoredHandOver[] };

/** @throws {StoreError} where it cannot be read */
export async function contentsOf(store: Store): Promise<Contents> {
  const all: Contents = {
    ...{ servers: [], placements: [], rooms: [], bans: [], kinds: [], names: [], tasks: [] },
    handOvers: [],
  };
  for await (const piece of store.load()) {
    for (const row of piece.servers ?? []) all.servers.push(row);
    for (const row of piece.placements ?? []) all.placements.push(row);
    for (const row of piece.rooms ?? []) all.rooms.push(row);
    for (const row of piece.bans ?? []) all.bans.push(row);
    for (const row of piece.kinds ?? []) all.kinds.push(row);
    for (const row of piece.names ?? []) all.names.push(row);
    for (const row of piece.tasks ?? []) all.tasks.push(row);
    for (const row of piece.handOvers ?? []) all.handOvers.push(row);
  }
  return all;
}

import type { Snapshot } from "../fleet/mod.ts";
import type { Store } from "./port.ts";

/** What a store has, all pieces together. */
export type Loaded = {
  readonly [Kind in keyof Snapshot]: Snapshot[Kind] extends Iterable<infer Row> ? Row[] : never;
};

export async function loaded(store: Store): Promise<Loaded> {
  const all: Loaded = { servers: [], placements: [], rooms: [], bans: [], kinds: [], names: [], tasks: [] };
  for await (const piece of store.load()) {
    all.servers.push(...piece.servers ?? []);
    all.placements.push(...piece.placements ?? []);
    all.rooms.push(...piece.rooms ?? []);
    all.bans.push(...piece.bans ?? []);
    all.kinds.push(...piece.kinds ?? []);
    all.names.push(...piece.names ?? []);
    all.tasks.push(...piece.tasks ?? []);
  }
  return all;
}

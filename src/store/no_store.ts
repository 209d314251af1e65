import type { Store, StoreOptions } from "./port.ts";

/** Keeps nothing: for throw-away runs (`--data :memory:`). */
export function createNoStore({ stored }: Pick<StoreOptions, "stored">): Store {
  return {
    load: () => ({ servers: [], placements: [], rooms: [], bans: [], tasks: [], kinds: [] }),
    commit: (changes) => Promise.resolve(stored(changes)),
    write: stored,
    replace: () => {},
    value: () => undefined,
    setValue: () => {},
    close: () => Promise.resolve(),
  };
}

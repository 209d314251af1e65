import type { Store } from "./port.ts";

const COMMITTED = Promise.resolve({ lost: [] });

/** Keeps nothing: for throw-away runs (`--data :memory:`). */
export const NO_STORE: Store = {
  load: () =>
    Promise.resolve({ servers: [], placements: [], rooms: [], bans: [], tasks: [], kinds: [], names: [] }),
  commit: () => COMMITTED,
  replace: () => Promise.resolve(),
  value: () => Promise.resolve(undefined),
  setValue: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

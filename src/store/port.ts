import type { Change, Placement, Snapshot, SnapshotPiece } from "../fleet/mod.ts";

/** The store cannot be read or written now; the message says why. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/**
 * What changes are to survive: with `soon`, within 100 ms the end of the process; with `process`, its end once they are
 * committed; with `power`, loss of power as well.
 */
export type Safety = "soon" | "process" | "power";

/** Changes that are durable. */
export interface Committed {
  /**
   * Groups among them that another gateway was first to place: which server holds each. The first to claim a group
   * (`group-placed`) wins; the next must know that server (`from`) to move it.
   */
  readonly lost: readonly Placement[];
}

/**
 * Where the fleet's changes outlive the process. Times in changes and snapshots are on the caller's monotonic clock;
 * the store keeps unix time, and translates by the two clocks that it is opened with.
 *
 * An adapter writes changes in the order in which it gets them.
 */
export interface Store {
  /**
   * Everything that is stored, in pieces of at most 2,000 rows of one kind, between which others get their turn: the servers
   * first, then placements, rooms, bans, kinds and tasks. What cannot be read is left out and told.
   *
   * @throws {StoreError}
   */
  load(): AsyncIterable<SnapshotPiece>;
  /**
   * Makes changes durable, together with all that came before.
   *
   * @throws {StoreError} where they are not; then none of them is stored, or what is stored is replaced later. Where several
   *   calls fail together, the newest is refused first, so that each can be taken back from what the next has left.
   */
  commit(changes: readonly Change[], safety: Safety): Promise<Committed>;
  /**
   * Stores this instead of all that is stored, safe from loss of power, also where its files have vanished or were replaced:
   * for a store that one gateway has to itself. The snapshot is read at once; what is committed afterwards comes after it.
   *
   * @throws {StoreError}
   */
  replace(snapshot: Snapshot): Promise<void>;
  /** A text by its name, where one is kept. @throws {StoreError} */
  value(name: string): Promise<string | undefined>;
  /** @throws {StoreError} */
  setValue(name: string, value: string): Promise<void>;
  /** Writes what is waiting, and closes. */
  close(): Promise<void>;
}

/** What an adapter is opened with. Nothing is called before `load` has ended. */
export interface StoreOptions {
  /** The caller's monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Unix time in milliseconds. */
  readonly unixTime: () => number;
  /**
   * Called with what other gateways changed, in the order in which the store has it, each change once, and after it is
   * durable. Never with changes of one's own. A store that one gateway has to itself never calls it.
   */
  readonly others: (changes: readonly Change[]) => void;
  /** Called when the store fails, also while nothing is committed: what it holds may lack changes, until it is replaced. */
  readonly failed: (error: StoreError) => void;
  /** Called with a row that cannot be read and is left out. */
  readonly damaged?: ((what: string) => void) | undefined;
}

/** Opens a store; rejects with a {@link StoreError} where that cannot be. */
export type OpenStore = (options: StoreOptions) => Promise<Store>;

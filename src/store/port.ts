import type { Change, Placement, Snapshot } from "../fleet/mod.ts";

/** The store cannot be read or written now; the message says why. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/**
 * Where the fleet's changes outlive the process. Times in changes and snapshots are on the caller's monotonic clock;
 * the store keeps unix time, and translates by the two clocks that it is opened with.
 *
 * An adapter writes changes in the order in which it gets them, by whichever of the two ways.
 */
export interface Store {
  /** Everything that is stored. What cannot be read is left out and told. */
  load(): Snapshot;
  /**
   * Makes changes durable, together with all that were written before.
   *
   * @param sync whether they are to survive loss of power; else they survive the end of the process
   * @throws {StoreError} where they are not; then none of them is stored, or what is stored is replaced later
   */
  commit(changes: readonly Change[], sync: boolean): Promise<void>;
  /** Makes changes durable soon, within 100 ms. */
  write(changes: readonly Change[]): void;
  /**
   * Stores this instead of all that is stored; also where its files have vanished or were replaced.
   *
   * @throws {StoreError}
   */
  replace(snapshot: Snapshot): void;
  /** A text by its name, where one is kept. */
  value(name: string): string | undefined;
  /** @throws {StoreError} */
  setValue(name: string, value: string): void;
  /** Writes what is waiting, and closes. */
  close(): Promise<void>;
}

/** How much a failure of the store takes: what waited to be stored, or all that was not safe from loss of power. */
export type Lost = "waiting" | "all";

/** What an adapter is opened with. */
export interface StoreOptions {
  /** The caller's monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Unix time in milliseconds. */
  readonly unixTime: () => number;
  /** Called with changes that are durable now, before the commit that they came with resolves. */
  readonly stored: (changes: readonly Change[]) => void;
  /**
   * Called, before `stored`, with the groups that another gateway was first to place: which server holds them.
   * The first to claim a group (`group-placed`) wins; the next must know that server (`from`) to move it.
   */
  readonly overruled: (placements: readonly Placement[]) => void;
  /**
   * Called with what other gateways changed, in the order in which the store has it, each change once, and after it is
   * durable. Never with changes of one's own. A store that one gateway has to itself never calls it.
   */
  readonly others: (changes: readonly Change[]) => void;
  /**
   * Called when changes could not be made durable: those that were waiting are not stored, and their commits reject. Where
   * `lost` is "all", what was told as stored and waits to be safe from loss of power is lost as well.
   */
  readonly failed: (error: StoreError, lost: Lost) => void;
  /** Called with a row that cannot be read and is left out. */
  readonly damaged?: ((what: string) => void) | undefined;
}

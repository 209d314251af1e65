import type {
  Address,
  Change,
  Count,
  Explanation,
  Licence,
  Member,
  Milliseconds,
  Snapshot,
  SnapshotPiece,
} from "../fleet/mod.ts";

/** The store cannot be read or written now; the message says why. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  /** Whether it may pass without anybody changing a setting, so that a start is to be tried again. */
  readonly passes: boolean = false;
}

/**
 * What changes are to survive: with `soon`, within 100 ms the end of the process; with `process`, its end once they are
 * committed; with `power`, loss of power as well.
 */
export type Safety = "soon" | "process" | "power";

/** Changes that are durable, but for those that came too late where several gateways share the store. */
export interface Committed {
  /**
   * How it is, in place of changes that were refused because of what another gateway had done first; to be followed
   * (`fleet.follow`). Of a group: who holds it, and its rooms, or that nobody does.
   */
  readonly instead: readonly Change[];
  /**
   * Place of the first change in the order of all gateways' changes. In a commit that queues a task that of the next is one
   * higher; in others, changes that are not stored may share theirs. Only where several share the store.
   */
  readonly order?: number | undefined;
  /**
   * Of changes that are to survive loss of power, where that takes longer than their place in the order: why they may not, if
   * so. They hold all the same.
   */
  readonly unsafe?: Promise<StoreError | undefined> | undefined;
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
   * first, then placements with their rooms after them, bans, kinds and tasks. What cannot be read is left out and told.
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
  /** What it does besides where several gateways share it; nothing where one gateway has it to itself. */
  readonly shared?: SharedStore | undefined;
  /** Writes what is waiting, and closes. */
  close(): Promise<void>;
}

/** What the store has of a client's rooms. */
export interface StoredPlace {
  /** Who holds their group; nothing where nobody does, or it is about to be released. */
  readonly server: Address | undefined;
  readonly banned: boolean;
}

/** A text that is kept for all gateways, of which only the newest counts. */
export interface Edition {
  readonly text: string;
  /** Unix time by the store's clock; 0 where it is not known, which is older than all others. */
  readonly made: Milliseconds;
}

/**
 * A store that several gateways share: it puts the changes of all of them into one order, and each gateway is told of all
 * in that order. `commit` resolves at the place of its changes in it: what came before has been told by `others`, and
 * nothing that came after. A change that depends on what has changed since is refused (`rules.ts`).
 *
 * Where the store does not answer within half a second a call is rejected. Its changes may be in the order all the same:
 * they are told as those of another gateway then.
 */
export interface SharedStore {
  /** Tells this gateway from all others that share the store and live: from 1 to `GATEWAYS` - 1. */
  readonly number: number;
  /**
   * Gateways that had gone lately without a word when this one joined, or last asked for all: they may be back, and tell whom
   * they have let in.
   */
  readonly missing: number;
  /** For how long the store has told nothing, not even that there is nothing to tell. */
  readonly silence: Milliseconds;
  /** Resolves when everything has been told that was committed before the call, by whomever. @throws {StoreError} */
  catchUp(): Promise<void>;
  /**
   * Where the store has the group of these rooms now, and whether the user is banned from any of them: for a gateway that
   * does not know what others have done lately.
   *
   * @throws {StoreError}
   */
  lookUp(namespace: string, rooms: readonly string[], user: string): Promise<StoredPlace>;
  /**
   * Puts in what the store lacks, after it has lost something: what of this is there already stays as it is there. All
   * gateways are told of what was put in.
   *
   * @throws {StoreError}
   */
  offer(snapshot: Snapshot): Promise<void>;
  /**
   * Takes the right to hand tasks over to a server, for one report interval or until a change says what became of the
   * answer (`hand-over-ended`).
   *
   * @returns whether no other gateway has it
   * @throws {StoreError}
   */
  claimHandOver(server: Address, id: number): Promise<boolean>;
  /**
   * Sets this gateway's share of a licence, in clients and rooms that it may have on the way: as much of `wanted` as is
   * left by what is reported and by the other gateways' shares; for less than it has, it gives back. A share ends by
   * itself `lifetime` after it was last set.
   *
   * @param reported what the model has as reported of the customer, at the moment of the call
   * @returns its share now
   * @throws {StoreError}
   */
  share(
    customer: string,
    wanted: Readonly<Count>,
    licence: Licence,
    reported: () => Readonly<Count>,
    lifetime: Milliseconds,
  ): Promise<Count>;
  /**
   * Takes the lead in something that one gateway does for all, or keeps it. It ends by itself after `lifetime`, and with the
   * gateway that has it.
   *
   * @param takes also from another gateway that has it
   * @returns whether this gateway has it now
   * @throws {StoreError}
   */
  lead(name: string, lifetime: Milliseconds, takes: boolean): Promise<boolean>;
  /** Another gateway may have the lead. @throws {StoreError} */
  resign(name: string): Promise<void>;
  /**
   * Why a group is where it was placed last, as far as that is kept (`group-explained`); with all that this gateway has
   * committed.
   *
   * @throws {StoreError}
   */
  explanation(namespace: string, group: string): Promise<Explanation | undefined>;
  /** Unix time by the store's own clock, as far as it is known. */
  readonly unixTime: Milliseconds;
  /** How far this machine's clock is ahead of the store's, as far as that is known; below 0 where it is behind. */
  readonly clockDifference: Milliseconds;
  /** A text by its name, where it is newer than one that was made then; -1 for any. @throws {StoreError} */
  newest(name: string, than: Milliseconds): Promise<Edition | undefined>;
  /**
   * Keeps a text, unless one is there that is as new. The name may be one that was given to `setValue`: what that has kept is
   * of an unknown time.
   *
   * @returns whether it was put in, or is there already; or a newer one is
   * @throws {StoreError}
   */
  keepNewest(name: string, edition: Edition): Promise<"put in" | "there" | "outdated">;
  /** All gateways that share the store and live, this one included. @throws {StoreError} */
  gateways(): Promise<readonly Member[]>;
}

/** What an adapter is opened with. Nothing is called before `load` has ended. */
export interface StoreOptions {
  /** The caller's monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Unix time in milliseconds. */
  readonly unixTime: () => number;
  /**
   * Called with what other gateways changed, in the order in which the store has it, each change once, and after it is
   * durable. Never with changes of one's own, but for those whose commit was rejected. A store that one gateway has to
   * itself never calls it.
   */
  readonly others: (changes: readonly Change[]) => void;
  /**
   * Called where what others changed cannot be told one by one any more (`told`: the log does not reach back far enough,
   * this gateway was taken for dead, or the store has `failed` and can be reached again), or where the store has lost what it had (`stored`: a failover, an empty store).
   * From then on nothing is told until it resolves; it loads, and offers, what it has to. A store that one gateway has to
   * itself never calls it.
   */
  readonly astray?: ((lost: "told" | "stored") => Promise<void>) | undefined;
  /** Called when the store fails, also while nothing is committed: what it holds may lack changes, until it is replaced. */
  readonly failed: (error: StoreError) => void;
  /** Called while it has failed, with each reason that is another than those which were told. */
  readonly failsStill?: ((error: StoreError) => void) | undefined;
  /** Called with the name of a change that another gateway made, of a later version, and that is passed over. */
  readonly unknown?: ((change: string) => void) | undefined;
  /** Called with a row that cannot be read and is left out. */
  readonly damaged?: ((what: string) => void) | undefined;
}

/** Opens a store; rejects with a {@link StoreError} where that cannot be. */
export type OpenStore = (options: StoreOptions) => Promise<Store>;

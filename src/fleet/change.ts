import type { Ban, Explanation, GrowthSeen, Plan, StallReason } from "./facts.ts";
import type { Address, RoomId } from "./ids.ts";
import type { LearnedKind, LearnedName, Lesson, Observation, StoredCost } from "./learning/mod.ts";
import type { Miscount } from "./miscount.ts";
import type { Fate, QueuedTask } from "./task.ts";
import type { Milliseconds } from "./time.ts";

/**
 * What an operation changed, as plain data: the store writes it, the log tells it.
 * Only differences are changes; a report that shows nothing new makes none.
 */
export type Change =
  | {
    readonly type: "server-appeared";
    readonly server: Address;
    readonly pool: string;
    readonly version: string;
  }
  /** Every report: what a server came to, in sum. */
  | {
    readonly type: "server-reported";
    readonly server: Address;
    /** Tells this report from all others, whichever gateway heard it. */
    readonly report: string;
    readonly pool: string;
    readonly version: string;
    readonly load: number;
    readonly clients: number;
    /** What it has told of the cost of a client. */
    readonly cost: StoredCost;
    readonly usage: readonly { readonly customer: string; readonly peers: number; readonly rooms: number }[];
    /** Clients of rooms, as far as they have changed, or of all where that is wanted. Told to other gateways only. */
    readonly figures?: readonly (readonly [room: RoomId, peers: number])[] | undefined;
    /** What its rooms come to, by the exponents that are compared, where that teaches something. Told to other gateways only. */
    readonly works?: readonly number[] | undefined;
    /** The clients that count, where the report's number is out of all proportion. Told to other gateways only. */
    readonly counted?: number | undefined;
    /** Whether the report does not say its load, and this is an older one. Told to other gateways only. */
    readonly loadUnknown?: true | undefined;
    /** Place of the exponent that this gateway counts rooms by, if not the first. Told to other gateways only. */
    readonly exponent?: number | undefined;
  }
  /** The deadline for draining has passed: what is left on the server is told to close. */
  | { readonly type: "server-evicting"; readonly server: Address; readonly rooms: number }
  /** What an operator wants of the server: its share of what it could take, and whether it is to be emptied. */
  | ({
    readonly type: "server-planned";
    readonly server: Address;
    /** What of it is set, if not both: the other stays as another gateway may just have set it. */
    readonly part?: keyof Plan | undefined;
  } & Plan)
  /** A server that is draining has nothing left on it. */
  | { readonly type: "server-drained"; readonly server: Address }
  | { readonly type: "server-enabled"; readonly server: Address }
  /** Since that report it has been silent for too long. A later one that another gateway heard refuses the change. */
  | { readonly type: "server-disabled"; readonly server: Address; readonly report: string }
  | { readonly type: "server-removed"; readonly server: Address; readonly report: string }
  /**
   * A group got its server, for the first time or anew. Its rooms follow as
   * `room-opened`. Refused where another gateway has given it to a server that `from` does not name, or where that one
   * retains it ({@link leavesLiveServer}) and is not silent, nor to be empty.
   */
  | {
    readonly type: "group-placed";
    readonly namespace: string;
    readonly group: string;
    readonly server: Address;
    readonly from?: Address | undefined;
    /** The server has reported clients in it: it need not be asked what became of `from`. */
    readonly found?: true | undefined;
    /** Load of `from`, which gives it up for that. */
    readonly overload?: number | undefined;
  }
  /**
   * The group may still grow. Told only where several gateways share the store, and not stored: when it begins, and anew where
   * `figures-wanted`.
   */
  | {
    readonly type: "group-young";
    readonly namespace: string;
    readonly group: string;
    readonly server: Address;
    /** How long it has been open. */
    readonly age: Milliseconds;
    /** Clients that it is known to have had. */
    readonly reached: number;
    /** What has been learned of it before. */
    readonly learned?: Lesson | undefined;
    /** Whether a gateway has placed it when it was new, and none has moved it since. */
    readonly isNew?: true | undefined;
    /** Whether it was there already when it was first seen: who has seen more of it leaves that as it is. */
    readonly isFound?: true | undefined;
    /** What has been seen of it, where it is told anew. */
    readonly seen?: GrowthSeen | undefined;
  }
  /**
   * Why the group is where it has been placed. Kept where several gateways share the store, and told to none of them. Refused
   * where the group is on another server by now.
   */
  | {
    readonly type: "group-explained";
    readonly namespace: string;
    readonly group: string;
    readonly explanation: Explanation;
    /** Only so many of the newest are kept. */
    readonly keep: number;
  }
  /**
   * No room of the group is left. It keeps its place for a while, in which another gateway that has somebody on the way to
   * it may speak up: whoever opens a room of it, or places it, ends that. Only where several gateways share the store.
   */
  | {
    readonly type: "group-leaving";
    readonly namespace: string;
    readonly group: string;
    readonly server: Address;
    /** Tells this leave from all others. */
    readonly leave: string;
  }
  /**
   * The group has no place any more. Refused where it is on another server, or where the leave is another one or has ended;
   * without one, where its server is there and alive.
   */
  | {
    readonly type: "group-released";
    readonly namespace: string;
    readonly group: string;
    readonly server: Address;
    readonly leave?: string | undefined;
  }
  /** A room was granted (`listed` false) or reported for the first time (`listed` true). */
  | {
    readonly type: "room-opened";
    readonly room: RoomId;
    readonly customer: string;
    readonly server: Address;
    readonly listed: boolean;
  }
  /** A known room's customer is another now, or its server lists it now or lists it no more. */
  | {
    readonly type: "room-changed";
    readonly room: RoomId;
    readonly customer: string;
    readonly server: Address;
    readonly listed: boolean;
  }
  /** The room is no longer on any server that we know of. */
  | {
    readonly type: "room-closed";
    readonly room: RoomId;
    readonly server: Address;
    /** It ends because nobody was on the way to it any more: who knows better may speak up. */
    readonly idle?: true | undefined;
  }
  /** Somebody was let in, and may come. Told only where several gateways share the store, and not stored. */
  | {
    readonly type: "granted";
    readonly room: RoomId;
    readonly server: Address;
    readonly user: string;
    readonly customer: string;
    /** Whether it was told before, and prolongs nothing. */
    readonly again?: true | undefined;
  }
  /** Those users have come, or the room has another customer. Told and not stored as well. */
  | {
    readonly type: "grants-ended";
    readonly room: RoomId;
    readonly server: Address;
    readonly users: readonly string[];
  }
  /** A server reported a room that another server holds, and was told to close it. */
  | { readonly type: "collision"; readonly room: RoomId; readonly holder: Address; readonly loser: Address }
  /** A server does something that it should not; each sort is told once in a while. */
  | { readonly type: "server-odd"; readonly server: Address; readonly what: string }
  /** Rooms may be moved away from a server that is too full, and none is: why; or, where nothing says why, that has ended. */
  | {
    readonly type: "server-stalled";
    readonly server: Address;
    readonly load: number;
    readonly why: StallReason | undefined;
  }
  /** A fault of our own: a count came to what cannot be, and was put right. Each is told once. */
  | ({ readonly type: "miscounted" } & Miscount)
  /** The server still lists a room two reports after it was told to close it, and is told again. */
  | { readonly type: "close-ignored"; readonly room: RoomId; readonly server: Address }
  /** A group has stopped growing, or has grown on since this was told of it: other gateways learn from it as well. */
  | {
    readonly type: "size-observed";
    readonly namespace: string;
    readonly group: string;
    readonly observed: Observation;
    /** What was told of the group before, and counts no more. */
    readonly earlier?: Lesson | undefined;
  }
  /** More is known of the sizes of rooms of a kind. */
  | {
    readonly type: "kind-learned";
    readonly kind: LearnedKind;
    /** An operator wants it forgotten: its names go as well. */
    readonly names?: true | undefined;
  }
  /** More is known of a name that has come back, or it is forgotten. */
  | { readonly type: "name-learned"; readonly name: LearnedName }
  | { readonly type: "banned"; readonly ban: Ban }
  /** A ban was lifted by a call, or has ended by itself. */
  | { readonly type: "ban-ended"; readonly ban: Ban; readonly lifted: boolean }
  /** The task is in that server's queue now, newly or because its room has moved. */
  | {
    readonly type: "task-queued";
    readonly server: Address;
    readonly task: QueuedTask;
    /** It was in another server's queue. Where it has ended meanwhile that is refused. */
    readonly moved?: true | undefined;
    /** Its place in the order of all gateways' tasks: the store says it. */
    readonly order?: number | undefined;
  }
  /** An answer with these tasks goes out to the server. Told and stored only where several gateways share the store. */
  | {
    readonly type: "handed-over";
    readonly server: Address;
    readonly id: number;
    /** Numbers of the tasks. */
    readonly tasks: readonly number[];
  }
  /** What became of it: it is not stored any more. */
  | { readonly type: "hand-over-ended"; readonly server: Address; readonly id: number; readonly fate: Fate }
  /** The store has another list of customers, which this gateway has fetched for all. Told and not stored as well. */
  | { readonly type: "customers-listed" }
  /**
   * A gateway does not know the clients of single rooms, how these have grown, and who is on the way to them: whoever hears a
   * server next tells of all that it has, and each tells whom it has let in.
   */
  | { readonly type: "figures-wanted" }
  /** The task is in no queue any more. */
  | {
    readonly type: "task-ended";
    readonly sequence: number;
    /** Whether it was given up, because its server did not fetch it in time. */
    readonly expired?: true;
  };

/** A change of one type, or of one of several. */
export type ChangeOf<Type extends Change["type"]> = Extract<Change, { readonly type: Type }>;

/** Whether a group moves though the server that it leaves may be alive: another one has it, or the server is too full. */
export function leavesLiveServer({ found, overload }: ChangeOf<"group-placed">): boolean {
  return found === true || overload !== undefined;
}

/** Types of what gateways that share a store tell each other or keep there for each other, and nobody else wants to know. */
const BETWEEN_GATEWAYS = [
  "customers-listed",
  "figures-wanted",
  "group-explained",
  "group-young",
  "group-leaving",
  "granted",
  "grants-ended",
  "size-observed",
  "handed-over",
  "hand-over-ended",
] as const satisfies readonly Change["type"][];

/** Types of changes that make, change or end no row: what comes of them is stored by the changes that come with them. */
const NOT_STORED = [
  ...BETWEEN_GATEWAYS,
  "server-evicting",
  "server-drained",
  "server-enabled",
  "server-odd",
  "server-stalled",
  "collision",
  "close-ignored",
  "miscounted",
] as const satisfies readonly Change["type"][];

/** A change that only other gateways are told of. */
export type GatewayChange = ChangeOf<(typeof BETWEEN_GATEWAYS)[number]>;

/** A change that makes, changes or ends a row of a store that one gateway has alone. */
export type StoredChange = Exclude<Change, ChangeOf<(typeof NOT_STORED)[number]>>;

const betweenGateways: ReadonlySet<string> = new Set(BETWEEN_GATEWAYS);
const notStored: ReadonlySet<string> = new Set(NOT_STORED);

/** Whether a change is for other gateways only. */
export function isBetweenGateways(change: Change): change is GatewayChange {
  return betweenGateways.has(change.type);
}

/** Whether a store that one gateway has alone writes a change. */
export function isStored(change: Change): change is StoredChange {
  return !notStored.has(change.type);
}

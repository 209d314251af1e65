import type { Ban, Plan } from "./facts.ts";
import type { Address, RoomId } from "./ids.ts";
import type { LearnedKind, LearnedName, Observation, StoredCost } from "./learning/mod.ts";
import type { Miscount } from "./miscount.ts";
import type { QueuedTask } from "./task.ts";

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
    readonly pool: string;
    readonly version: string;
    readonly load: number;
    readonly clients: number;
    /** What it has told of the cost of a client. */
    readonly cost: StoredCost;
    readonly usage: readonly { readonly customer: string; readonly peers: number; readonly rooms: number }[];
  }
  /** The deadline for draining has passed: what is left on the server is told to close. */
  | { readonly type: "server-evicting"; readonly server: Address; readonly rooms: number }
  /** What an operator wants of the server: its share of what it could take, and whether it is to be emptied. */
  | ({ readonly type: "server-planned"; readonly server: Address } & Plan)
  /** A server that is draining has nothing left on it. */
  | { readonly type: "server-drained"; readonly server: Address }
  | { readonly type: "server-enabled"; readonly server: Address }
  | { readonly type: "server-disabled"; readonly server: Address }
  | { readonly type: "server-removed"; readonly server: Address }
  /** A group got its server, for the first time or anew. Its rooms follow as `room-opened`. */
  | {
    readonly type: "group-placed";
    readonly namespace: string;
    readonly group: string;
    readonly server: Address;
    readonly from?: Address | undefined;
  }
  /** No room of the group is left: it has no place any more. */
  | { readonly type: "group-released"; readonly namespace: string; readonly group: string }
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
  | { readonly type: "room-closed"; readonly room: RoomId; readonly server: Address }
  /** A server reported a room that another server holds, and was told to close it. */
  | { readonly type: "collision"; readonly room: RoomId; readonly holder: Address; readonly loser: Address }
  /** A server does something that it should not; each sort is told once in a while. */
  | { readonly type: "server-odd"; readonly server: Address; readonly what: string }
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
    readonly earlier?: Observation | undefined;
  }
  /** More is known of the sizes of rooms of a kind. */
  | { readonly type: "kind-learned"; readonly kind: LearnedKind }
  /** More is known of a name that has come back, or it is forgotten. */
  | { readonly type: "name-learned"; readonly name: LearnedName }
  | { readonly type: "banned"; readonly ban: Ban }
  /** A ban was lifted by a call, or has ended by itself. */
  | { readonly type: "ban-ended"; readonly ban: Ban; readonly lifted: boolean }
  /** The task is in that server's queue now, newly or because its room has moved. */
  | { readonly type: "task-queued"; readonly server: Address; readonly task: QueuedTask }
  /** The task is in no queue any more. */
  | {
    readonly type: "task-ended";
    readonly sequence: number;
    /** Whether it was given up, because its server did not fetch it in time. */
    readonly expired?: true;
  };

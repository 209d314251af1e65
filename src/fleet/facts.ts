/**
 * Plain data about servers, groups and bans: what changes tell, the store keeps and placement looks at. No behaviour.
 *
 * @module
 */
import type { Address, RoomId } from "./ids.ts";
import type { Kind } from "./learning/mod.ts";
import type { Milliseconds } from "./time.ts";

/** What a placement strategy may know of a server. */
export interface ServerLoad {
  readonly address: Address;
  /** Load in the last report, 0 (idle) to 1 (full). */
  readonly load: number;
  /** The same without the noise of a single report. */
  readonly steadyLoad: number;
  /** Clients in the last report. */
  readonly clients: number;
  /** Groups that the server holds, granted ones included. */
  readonly groups: number;
  /** Clients granted since, which no report has shown yet. */
  readonly grants: number;
  /** Clients that its young groups are still expected to grow by, grants not counted. */
  readonly growth: number;
  /** Load that one client more adds, as learned from its reports; above 0. */
  readonly loadPerClient: number;
  /** How rooms load it, where that grows faster than their clients; absent where each client costs the same. */
  readonly work?: RoomWork | undefined;
  /** Share of what it could take that it is to take, above 0 and at most 1. */
  readonly weight: number;
}

/** How rooms load a server: by the work of each, which is its clients to the power of something. */
export interface RoomWork {
  /** Above 1. */
  readonly exponent: number;
  /** Work of those who are on their way, and that young groups are still expected to grow by. */
  readonly coming: number;
  /** Load that a unit of work adds, as learned from its reports; above 0. */
  readonly load: number;
}

/** What a server that is to be emptied has been told. */
export interface Draining<Time extends number = Milliseconds> {
  /** When the rooms that are still there are closed, if ever. */
  readonly deadline: Time | undefined;
}

/** What an operator wants of a server. */
export interface Plan<Time extends number = Milliseconds> {
  /** Share of what the server could take that it is to take, 0 (nothing new) to 1. */
  readonly weight: number;
  /**
   * Whether it is to be emptied: it gets no new groups and keeps what it has. At the deadline, if there is one, the
   * rooms that are still there are closed, and placed elsewhere when their clients come back.
   */
  readonly draining: Draining<Time> | undefined;
}

/** Which server holds a group. */
export interface Placement {
  readonly namespace: string;
  readonly group: string;
  readonly server: Address;
  /** While no room of the group is left and it is about to be released (`group-leaving`). */
  readonly leave?: string | undefined;
}

/** A room, or one user in a room, that `Connect` refuses until the ban ends. */
export interface Ban<Time extends number = Milliseconds> {
  readonly room: RoomId;
  /** The user banned; if absent, the room is banned for everybody. */
  readonly user?: string | undefined;
  readonly until: Time;
  /** The customer whose limits the ban counts towards; if absent, the room's namespace stands for it. */
  readonly customer?: string | undefined;
  /** Id of the key whose token asked for it, for people who look. */
  readonly by?: string | undefined;
  /** The server that was told of it, and is to be told of its lift wherever the room is then; SQLite does not keep it. */
  readonly told?: Address | undefined;
}

/** One of several gateways, as it was half a second ago. */
export interface Member {
  readonly number: number;
  readonly version: string;
  /** Place, in the order of all changes, of the last one that it has been told of. */
  readonly position: number;
  /** Changes that it has not been told of yet. */
  readonly lag: number;
  /** Whether it is the one that was asked. */
  readonly self: boolean;
}

/** A server as it was looked at for a placement: the load expected of it, and what that is made of. */
export interface Candidate extends ServerLoad {
  readonly expectedLoad: number;
}

/** A server that could not be chosen, and why; the last two reasons are those of moves only. */
export interface LeftOut {
  readonly server: Address;
  readonly reason:
    | "silent"
    | "draining"
    | "weight 0"
    | "above the ceiling"
    | "load not known"
    | "in a move a moment ago";
}

/** Why nothing leaves a server though it is too full. */
export type StallReason = "moves have not helped" | "nothing may leave" | "nothing fits elsewhere";

/** Why a group is on its server. */
export interface Explanation<Time extends number = Milliseconds> {
  readonly at: Time;
  /** The strategy that chose, or that the client's token asked for the server. */
  readonly by: string;
  /** The server that it was moved away from because of its load; nothing where it was not moved for that. */
  readonly relieved?: { readonly server: Address; readonly load: number } | undefined;
  readonly kind: Kind;
  /** Clients that the group was expected to reach. */
  readonly expectedSize: number;
  /** What hardly any group of its kind exceeds, in clients: counts for a little. */
  readonly size: number;
  readonly pool: string;
  readonly server: Address;
  /** All servers that could have been chosen would be above the ceiling. */
  readonly overCeiling: boolean;
  /** The servers with the lowest expected load, and the chosen one. */
  readonly candidates: readonly Candidate[];
  readonly furtherCandidates: number;
  readonly leftOut: readonly LeftOut[];
  readonly furtherLeftOut: number;
}

/** How a group has grown, as far as its server's reports have shown. */
export interface GrowthSeen {
  /** The most clients that it is known to have had. */
  readonly peak: number;
  /** What it had come to when it last grew notably, and how old it was then. */
  readonly grewTo: number;
  readonly grewFor: Milliseconds;
  /** What it had come to at each of the ages that growth is learned at; absent where it was not seen from its beginning. */
  readonly path?: readonly number[] | undefined;
}

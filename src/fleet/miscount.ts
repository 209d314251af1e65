/** The counts that are watched. */
export type KeptCount =
  | "clients on the way to a server"
  | "clients on the way to a customer's rooms"
  | "clients on the way to a young group"
  | "clients that a server's young groups grow by"
  | "rooms that a customer was granted"
  | "peers that were reported of a customer"
  | "rooms that were reported of a customer"
  | "rooms of a customer"
  | "rooms of the model"
  | "rooms of a group"
  | "listed rooms of a group"
  | "groups of a server"
  | "groups of a namespace"
  | "outstanding grants"
  | "a customer's share of a limit"
  | "RoomClose tasks of a room"
  | "tasks of a number";

/** A count that was wrong. */
export interface Miscount {
  readonly count: KeptCount;
  /** What it had come to. */
  readonly value: number;
  /** Whose count it is, and what happened. */
  readonly what: string;
  /** The functions that led there, the innermost first. */
  readonly trail: string;
}

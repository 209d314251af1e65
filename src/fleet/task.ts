import type { RoomId } from "./ids.ts";
import type { Milliseconds } from "./time.ts";

/** A span of time as ODIN servers read it; both non-negative integers, `nanos` below 10⁹. */
export interface Duration {
  readonly secs: number;
  readonly nanos: number;
}

/** What a server is told to do, in the form it is sent in (`docs/protocol.md` §5). */
export type Task =
  | { readonly task: "RoomClose"; readonly id: RoomId; readonly ban_time: Duration }
  | { readonly task: "RoomUpdate"; readonly id: RoomId; readonly user_data: readonly number[] }
  | {
    readonly task: "RoomBanClient";
    readonly id: RoomId;
    readonly user_id: string;
    readonly ban_time: Duration;
  }
  | {
    readonly task: "RoomSendMessage";
    readonly id: RoomId;
    readonly user_id: string;
    readonly message: readonly number[];
  };

/** A task in a server's queue. */
export interface QueuedTask {
  /** Grows with every task of a gateway, and no two gateways number alike: the order, and the identity. */
  readonly sequence: number;
  readonly room: RoomId;
  readonly kind: Task["task"];
  /** The task as JSON: compact while it waits, and what the store keeps. */
  readonly json: string;
  /** When it is given up. */
  readonly expires: Milliseconds;
  /** The customer whose share of the queue it takes. */
  readonly customer: string;
}

/**
 * What became of an answer with tasks: its server is known to have read it; or the connection broke before it could;
 * or nothing is known, and nothing more will be.
 */
export type Fate = "read" | "lost" | "unknown";

/** An answer with tasks of which it is not known yet whether its server has read it. */
export interface HandOver {
  readonly id: number;
  readonly tasks: readonly QueuedTask[];
  readonly at: Milliseconds;
  /** Whether this gateway gave the answer: then it will know what became of it, or nobody will. */
  readonly own: boolean;
}

/** Seconds as the span that servers read, to the nanosecond. */
export function duration(seconds: number): Duration {
  const secs = Math.floor(seconds);
  const nanos = Math.round((seconds - secs) * 1e9);
  return nanos === 1e9 ? { secs: secs + 1, nanos: 0 } : { secs, nanos };
}

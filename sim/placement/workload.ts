import type { Milliseconds } from "../../src/fleet/mod.ts";

/** A server of a simulated fleet. */
export interface SimulatedServer {
  readonly address: string;
  /** Clients at which its load is 1. */
  readonly capacity: number;
  /** When its first report comes, and so the phase of all others. */
  readonly phase: Milliseconds;
}

/** A room, and when each of its clients wants to join and leave. */
export interface SimulatedRoom {
  readonly namespace: string;
  readonly name: string;
  /** When each client asks for the room, in order. */
  readonly joins: readonly Milliseconds[];
  /** When each client leaves. */
  readonly leaves: readonly Milliseconds[];
  /** When the last client leaves. */
  readonly ends: Milliseconds;
}

/** Something that happens to a server. */
export type Incident =
  & { readonly at: Milliseconds; readonly server: number }
  & (
    /** It is gone, with its rooms, and back after so long. */
    | { readonly what: "crash"; readonly back: Milliseconds }
    /** It is drained until the deadline, then restarted and resumed. */
    | { readonly what: "restart"; readonly deadline: Milliseconds }
  );

/** Everything that happens, whatever the strategy: the same for all of them. */
export interface Workload {
  readonly servers: readonly SimulatedServer[];
  readonly rooms: readonly SimulatedRoom[];
  readonly incidents: readonly Incident[];
  /** When figures begin to count; before, the fleet fills and the strategies learn. */
  readonly warmUp: Milliseconds;
  readonly end: Milliseconds;
  readonly reportInterval: Milliseconds;
  /** Standard deviation of the error in reported loads. */
  readonly loadNoise: number;
  /** Share of reports that do not arrive. */
  readonly lostReports: number;
  /** Reports are up to so old when they arrive. */
  readonly staleReports: Milliseconds;
}

/** Clients that want to be in rooms, as a mean over the time that counts. */
export function meanClients({ rooms, warmUp, end }: Pick<Workload, "rooms" | "warmUp" | "end">): number {
  let time = 0;
  for (const { joins, leaves } of rooms) {
    joins.forEach((join, i) => time += Math.max(0, Math.min(end, leaves[i]!) - Math.max(warmUp, join)));
  }
  return time / (end - warmUp);
}

import type { Milliseconds } from "../../src/fleet/mod.ts";

/** A server of a simulated fleet. */
export interface SimulatedServer {
  readonly address: string;
  /** Clients at which its load is 1. */
  readonly capacity: number;
  /** When its first report comes, and so the phase of all others. */
  readonly phase: Milliseconds;
}

/** What can be known of a room before it opens, from others of its name or kind. */
export interface Usual {
  /** Mean size of those that came to at least so many clients. */
  size(reached: number): number;
  /** How long they fill. */
  readonly fills: Milliseconds;
  /** Mean size of those that have come to so many clients at that age. */
  byFilling(reached: number, age: Milliseconds): number;
}

/** A room, and when each of its clients wants to join and leave. Others may have had its name before it. */
export interface SimulatedRoom {
  /** Absent in a recorded trace. */
  readonly usual?: Usual;
  /** What can be known of it before its name was ever seen; as `usual` where names say nothing. */
  readonly ofKind?: Usual;
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
  /** What a room of so many clients costs its server, in the unit of capacities. */
  readonly work: Work;
  readonly reportInterval: Milliseconds;
  /** Standard deviation of the error in reported loads. */
  readonly loadNoise: number;
  /** Share of reports that do not arrive. */
  readonly lostReports: number;
  /** Reports are up to so old when they arrive. */
  readonly staleReports: Milliseconds;
}

/** What a room of so many clients costs its server. */
export type Work = (clients: number) => number;

/** Each client costs the same. */
export const linear: Work = (clients) => clients;

/** Streams that a client of an SFU gets at most, those who speak: "last N". */
const STREAMS = 10;

/** Each client costs what it listens to: speakers × listeners. */
export const speakersTimesListeners: Work = (clients) => clients * Math.min(clients, STREAMS);

/** What the rooms cost that clients want to be in, as a mean over the time that counts. */
export function meanWork(
  { rooms, warmUp, end, work }: Pick<Workload, "rooms" | "warmUp" | "end" | "work">,
): number {
  const counted = (time: Milliseconds) => Math.min(end, Math.max(warmUp, time));
  let total = 0;
  for (const { joins, leaves } of rooms) {
    const left = leaves.toSorted((a, b) => a - b);
    let [came, gone, since] = [0, 0, 0];
    while (gone < left.length) {
      const comes = (joins[came] ?? Infinity) < left[gone]!;
      const at = counted(comes ? joins[came]! : left[gone]!);
      total += work(came - gone) * (at - since);
      since = at;
      if (comes) came++;
      else gone++;
    }
  }
  return total / (end - warmUp);
}

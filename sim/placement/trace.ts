import type { TraceLine } from "../../src/ops/trace.ts";
import { linear, type SimulatedRoom, type SimulatedServer, type Workload } from "./workload.ts";

/** A line of a trace that is not what a recorder writes. */
export class TraceError extends Error {
  override readonly name = "TraceError";
}

/** A room as the trace tells of it, while it is read. */
interface Course {
  readonly namespace: string;
  readonly name: string;
  readonly joins: number[];
  readonly leaves: number[];
}

/** Reports of a server that tell what it can take: a load too low to tell would be mostly noise. */
const TELLING_LOAD = 0.02;

/** Capacity of a server whose reports never told, in clients. */
const DEFAULT_CAPACITY = 1000;

/**
 * The clients and servers of a recorded trace: who came when is known from grants, who left when from the reports, and
 * what servers can take from the load that they reported.
 *
 * @param text lines of JSON
 * @throws {TraceError} naming the line
 */
export function readTrace(text: string): Workload {
  const lines = text.split("\n").filter((line) => line.trim() !== "").map(parse);
  if (lines.length === 0) throw new TraceError("the trace is empty");
  const start = lines[0]!.at;
  const end = lines.at(-1)!.at - start + 1;
  const rooms = new Map<string, Course>();
  const servers = new Map<string, { readonly phase: number; readonly capacities: number[] }>();
  const listed = new Map<string, Set<string>>();
  for (const line of lines) {
    const at = line.at - start;
    if (line.type === "grant") {
      course(rooms, line.namespace, line.room).joins.push(at);
      continue;
    }
    const its = servers.get(line.server) ?? { phase: at, capacities: [] };
    servers.set(line.server, its);
    if (line.load >= TELLING_LOAD && line.clients > 0) its.capacities.push(line.clients / line.load);
    const now = new Set<string>();
    for (const [namespace, room, peers] of line.rooms) {
      const known = course(rooms, namespace, room);
      now.add(keyOf(namespace, room));
      // Clients that came before the recording began, or by another gateway, come when they are first seen.
      while (known.joins.length - known.leaves.length < peers) known.joins.push(at);
      // Clients on their way are not listed yet: those of the last interval have not left.
      const there = known.joins.filter((join) => join < at - 5000).length;
      while (there - known.leaves.length > peers) known.leaves.push(at);
    }
    for (const gone of listed.get(line.server) ?? []) {
      if (now.has(gone)) continue;
      const { joins, leaves } = rooms.get(gone)!;
      while (leaves.length < joins.length) leaves.push(at);
    }
    listed.set(line.server, now);
  }
  if (servers.size === 0) throw new TraceError("the trace has no report");
  return {
    servers: Array.from(servers, ([address, { phase, capacities }]): SimulatedServer => ({
      address,
      capacity: median(capacities) ?? DEFAULT_CAPACITY,
      phase,
    })),
    rooms: Array.from(rooms.values(), ({ namespace, name, joins, leaves }): SimulatedRoom => {
      const until = joins.map((_, i) => leaves[i] ?? end);
      return { namespace, name, joins, leaves: until, ends: Math.max(...until) };
    }).sort((a, b) => a.joins[0]! - b.joins[0]!),
    incidents: [],
    warmUp: Math.min(end / 3, 30 * 60_000),
    end,
    reportInterval: 5000,
    work: linear,
    loadNoise: 0,
    lostReports: 0,
    staleReports: 0,
  };
}

function course(rooms: Map<string, Course>, namespace: string, name: string): Course {
  const key = keyOf(namespace, name);
  let its = rooms.get(key);
  if (its === undefined) rooms.set(key, its = { namespace, name, joins: [], leaves: [] });
  return its;
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}\n${name}`;
}

function median(values: number[]): number | undefined {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

function parse(line: string, index: number): TraceLine {
  try {
    const parsed = JSON.parse(line) as TraceLine;
    if (typeof parsed.at === "number" && (parsed.type === "grant" || Array.isArray(parsed.rooms))) {
      return parsed;
    }
  } catch {
    // named below
  }
  throw new TraceError(`line ${index + 1} of the trace is not one that the gateway wrote with --record`);
}

import type { ServerRow } from "../state.ts";
import type { Part } from "./chart.ts";

/** What the parts of a server's load are called. */
export const LOAD_PARTS = ["reported", "on its way", "still to grow"];

/** The parts that a server's expected load consists of. */
export function partsOf({ load, expectedLoad, grants, growth }: ServerRow): readonly Part[] {
  const values = [load, ...sharedOut(Math.max(0, expectedLoad - load), grants, growth)];
  return LOAD_PARTS.map((name, i) => ({ name, value: values[i]! }));
}

/** Load that is to come, of those on their way and of young rooms that grow: shared out by clients, as if all cost the same. */
export function sharedOut(coming: number, grants: number, growth: number): readonly [number, number] {
  const clients = grants + growth;
  return clients === 0 ? [0, 0] : [coming * grants / clients, coming * growth / clients];
}

/** A server that a room could be placed on, as `room.Explain` tells it. */
export interface CandidateLoad {
  readonly steadyLoad: number;
  readonly grants: number;
  readonly growth: number;
  readonly loadPerClient: number;
  /** Where the load of rooms is known to grow faster than their clients. */
  readonly work?: { readonly coming: number; readonly load: number } | undefined;
  readonly weight: number;
  readonly expectedLoad: number;
}

/** What the parts of a candidate's expected load are called. */
export const CANDIDATE_PARTS = ["load now", "on its way", "still to grow", "this room"];

/** The parts that a candidate's expected load consists of, the room included; as if the server was of weight 1. */
export function candidateParts(
  { steadyLoad, grants, growth, loadPerClient, work, weight, expectedLoad }: CandidateLoad,
): readonly Part[] {
  const coming = work === undefined ? (grants + growth) * loadPerClient : work.coming * work.load;
  const room = Math.max(0, expectedLoad * weight - steadyLoad - coming);
  const values = [steadyLoad, ...sharedOut(coming, grants, growth), room];
  return CANDIDATE_PARTS.map((name, i) => ({ name, value: values[i]! }));
}

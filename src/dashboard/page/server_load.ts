import type { ServerRow } from "../state.ts";
import type { Part } from "./chart.ts";

/** What the parts of a server's load are called. */
export const LOAD_PARTS = ["reported", "on its way", "still to grow"];

/** The parts that a server's expected load consists of. What is to come is shared out by clients, which all cost the same. */
export function partsOf({ load, expectedLoad, grants, growth }: ServerRow): readonly Part[] {
  const coming = Math.max(0, expectedLoad - load);
  const clients = grants + growth;
  const of = (part: number) => clients === 0 ? 0 : coming * part / clients;
  const values = [load, of(grants), of(growth)];
  return LOAD_PARTS.map((name, i) => ({ name, value: values[i]! }));
}

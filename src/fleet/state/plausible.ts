/** Counts of one thing that are not taken at one moment differ: this many times as many, and some more, pass. */
const PASSES = { factor: 2, more: 100 };

/** The most that a count can be, in clients, if another one says this of the same moment or of the report beside it. */
export function plausibleBeside(clients: number): number {
  return PASSES.factor * clients + PASSES.more;
}

/** What is written in one commit, in changes: of more, others wait too long for their turn. */
const SLICE = 1000;

/** Changes that need not be durable together, in slices in their order. */
export function* slices<Change>(changes: readonly Change[]): Generator<readonly Change[], void, void> {
  if (changes.length <= SLICE) return yield changes;
  for (let from = 0; from < changes.length; from += SLICE) yield changes.slice(from, from + SLICE);
}

/** Logarithms of factorials, by number. */
const LOGS = [0];

/** A chance of none, or of all, is not certain. */
const NEVER = 1e-9;

/**
 * Mean of the sizes, each by how likely it is for a room that has so many clients while each but the first has come by a
 * chance of its own: what is told by how fast a room fills, by Bayes' rule.
 *
 * @param sizes of rooms of its kind
 * @param come the chance, in [0, 1]
 */
export function meanByFilling(sizes: readonly number[], reached: number, come: number): number {
  const there = reached - 1;
  const [comes, waits] = [come, 1 - come].map((chance) => Math.log(Math.max(NEVER, chance))) as [
    number,
    number,
  ];
  const logs = sizes.map((size) =>
    size < reached ? -Infinity : logChoose(size - 1, there) + there * comes + (size - reached) * waits
  );
  const most = logs.reduce((most, log) => Math.max(most, log), -Infinity);
  if (most === -Infinity) return reached;
  let [weight, sum] = [0, 0];
  for (const [i, log] of logs.entries()) {
    const its = Math.exp(log - most);
    weight += its;
    sum += its * sizes[i]!;
  }
  return sum / weight;
}

function logFactorial(number: number): number {
  while (LOGS.length <= number) LOGS.push(LOGS.at(-1)! + Math.log(LOGS.length));
  return LOGS[number]!;
}

function logChoose(of: number, chosen: number): number {
  return logFactorial(of) - logFactorial(chosen) - logFactorial(of - chosen);
}

import type { ServerLoad } from "../facts.ts";
import type { Strategy } from "./strategy.ts";

/**
 * Random, weighted by what the last report left free (1 − load): the strategy of the gateway in use before this
 * one. It does not see what has been granted since the report. Where all are full, every server is as likely.
 */
export const weighted: Strategy = (candidates, _size, random) => {
  let total = 0;
  for (const server of candidates) total += free(server);
  if (total === 0) return candidates[Math.floor(random() * candidates.length)]!;
  let point = random() * total;
  for (const server of candidates) {
    point -= free(server);
    if (point < 0) return server;
  }
  return candidates.at(-1)!;
};

function free({ load, weight }: ServerLoad): number {
  return (1 - load) * weight;
}

import type { Strategy } from "./strategy.ts";

/**
 * Random, weighted by what the last report left free (1 − load): the strategy of the gateway in use before this
 * one. It does not see what has been granted since the report. Where all are full, every server is as likely.
 */
export const weighted: Strategy = (candidates, random) => {
  let free = 0;
  for (const server of candidates) free += 1 - server.load;
  if (free === 0) return candidates[Math.floor(random() * candidates.length)]!;
  let point = random() * free;
  for (const server of candidates) {
    point -= 1 - server.load;
    if (point < 0) return server;
  }
  return candidates.at(-1)!;
};

import type { Milliseconds } from "../fleet/mod.ts";

/** What clocks may differ by: servers go by their own, and tokens are valid from the second on in which they are made. */
export const TOLERATED: Milliseconds = 5000;

/**
 * What an operator has to do about a clock of this machine that is another than the store's, in words; nothing if it is fine.
 *
 * @param ahead how far this machine's clock is ahead of the store's; below 0 where it is behind
 */
export function concernAboutClock(ahead: Milliseconds): string | undefined {
  if (Math.abs(ahead) <= TOLERATED) return undefined;
  const apart = `${Math.round(Math.abs(ahead) / 1000)} s ${
    ahead > 0 ? "ahead of" : "behind"
  } that of Redis's`;
  return `this machine's clock is ${apart}: whichever is wrong, servers may refuse the tokens that this gateway gives, and it ` +
    "may refuse those of clients; let NTP set the clocks of all machines";
}

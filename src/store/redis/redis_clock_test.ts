import assert from "node:assert/strict";
import { RedisClock } from "./redis_clock.ts";

/** A time of Redis's, in milliseconds, as it says it. */
const said = (time: number) => [Math.floor(time / 1000), Math.round((time % 1000) * 1000)] as const;

const ROUND_TRIPS: readonly (readonly [
  what: string,
  trips: readonly (readonly [number, number, number])[],
  offset: number,
])[] = [
  ["one is halved", [[100, 1_000_110, 120]], 1_000_000],
  ["a better one narrows it", [[100, 1_000_110, 120], [200, 1_000_204.5, 200.9]], 1_000_004],
  ["a worse one changes nothing", [[200, 1_000_204.5, 200.9], [300, 1_000_400, 500]], 1_000_004],
  [
    "a clock that drifts is followed as far as need be",
    [[0, 1_000_000, 0.5], [1000, 1_001_003, 1000.5]],
    1_000_003,
  ],
  ["a clock that is set is followed", [[0, 1_000_000, 0.5], [1000, 5_000_000, 1000.5]], 4_999_000],
];

for (const [what, trips, offset] of ROUND_TRIPS) {
  Deno.test(`of the round trips that tell Redis's time, ${what}`, () => {
    const clock = new RedisClock();
    for (const [sent, time, received] of trips) clock.learn(sent, said(time), received);
    assert.equal(clock.toUnixTime(0), offset);
    assert.equal(clock.fromUnixTime(clock.toUnixTime(12.5)), 12.5);
  });
}

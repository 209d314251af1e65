import assert from "node:assert/strict";
import fc from "../../tests/packages/fast_check.ts";
import { duration } from "./task.ts";

const spans = [[0, 0, 0], [10.5, 10, 500_000_000], [0.1, 0, 100_000_000], [0.9999999999, 1, 0], [
  31_536_000.25,
  31_536_000,
  250_000_000,
]] as const;

for (const [seconds, secs, nanos] of spans) {
  Deno.test(`a duration of ${seconds} s is ${secs} s and ${nanos} ns`, () => {
    assert.deepEqual(duration(seconds), { secs, nanos });
  });
}

Deno.test("a duration has whole seconds, and less than a second in nanoseconds", () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 31_536_000, noNaN: true }), (seconds) => {
    const { secs, nanos } = duration(seconds);
    assert.ok(Number.isInteger(secs) && Number.isInteger(nanos) && nanos >= 0 && nanos < 1e9);
    assert.ok(Math.abs(secs + nanos / 1e9 - seconds) < 1e-6);
  }));
});

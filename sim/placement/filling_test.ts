import assert from "node:assert/strict";
import { meanByFilling } from "./filling.ts";

const close = (a: number, b: number, by: number) => assert.ok(Math.abs(a - b) <= by, `${a} is not ${b}`);

Deno.test("how fast a room fills tells its size: by Bayes' rule, from nothing at first to certainty once all have come", () => {
  const sizes = [11, 101];
  close(meanByFilling(sizes, 1, 0), 56, 1e-6);
  close(meanByFilling(sizes, 6, 0.5), 11, 0.01);
  close(meanByFilling(sizes, 51, 0.5), 101, 1e-6);
  close(meanByFilling(sizes, 11, 1), 11, 1e-3);
  // One of ten has come with chance 0.1 each, or one of a hundred: 10 × 0.1 × 0.9⁹ against 100 × 0.1 × 0.9⁹⁹.
  const [small, large] = [0.1 * 10 * 0.9 ** 9, 0.1 * 100 * 0.9 ** 99];
  close(meanByFilling(sizes, 2, 0.1), (11 * small + 101 * large) / (small + large), 1e-6);
});

Deno.test("a room that is larger than all of its kind is taken as it is", () => {
  assert.equal(meanByFilling([5, 10], 12, 0.5), 12);
});

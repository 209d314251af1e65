import assert from "node:assert/strict";
import fc from "../../../tests/packages/fast_check.ts";
import { BURST, Rate } from "./rate.ts";

/** Requests that are admitted at once, at most. */
function burstOf(rate: Rate, name: string, now: number): number {
  let admitted = 0;
  while (rate.wait(name, now) === 0) {
    rate.count(name, 1, now);
    admitted++;
  }
  return admitted;
}

Deno.test("what was not used for five seconds may be used at once, then as many as the rate says", () => {
  const rate = new Rate(10);
  assert.equal(burstOf(rate, "a", 1000), 50);
  assert.equal(rate.wait("a", 1000), 100);
  assert.equal(burstOf(rate, "a", 2000), 10);
  assert.equal(burstOf(rate, "a", 100_000), 50);
});

Deno.test("names have rates of their own", () => {
  const rate = new Rate(10);
  burstOf(rate, "a", 0);
  assert.equal(rate.wait("b", 0), 0);
});

Deno.test("a rate below one in five seconds admits one request at a time", () => {
  const rate = new Rate(0.1);
  assert.equal(burstOf(rate, "a", 0), 1);
  assert.equal(rate.wait("a", 0), 10_000);
  assert.equal(burstOf(rate, "a", 10_000), 1);
});

Deno.test("a batch is admitted as a whole, and what it costs above the rate puts off no more than one batch does", () => {
  const rate = new Rate(100, 101);
  for (let i = 0; i < 50; i++) rate.count("a", 100, 0);
  assert.ok(rate.wait("a", 0) <= 1010, String(rate.wait("a", 0)));
});

Deno.test("over any time, no more is admitted than the burst and the rate allow", () => {
  const step = fc.record({ name: fc.constantFrom("a", "b"), after: fc.integer({ min: 0, max: 3000 }) });
  fc.assert(fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
    const rate = new Rate(2, 1, 3);
    const admitted = new Map<string, number>();
    let now = 0;
    for (const { name, after } of steps) {
      now += after;
      if (rate.wait(name, now) > 0) continue;
      rate.count(name, 1, now);
      admitted.set(name, (admitted.get(name) ?? 0) + 1);
    }
    for (const count of admitted.values()) {
      assert.ok(count <= (BURST + now) / 500 + 1, `${count} in ${now} ms`);
    }
  }));
});

Deno.test("millions of names do not fill the memory, and those that were refused a moment ago still are", () => {
  const rate = new Rate(1, 1, 1000);
  for (let i = 0; i < 3_000_000; i++) {
    if (i % 500 === 0) burstOf(rate, "guilty", 0);
    rate.count(`name ${i}`, 1, 0);
    assert.ok(rate.size <= 2002);
  }
  assert.ok(rate.wait("guilty", 0) > 0);
});

Deno.test("names that were not asked for any more are forgotten, once they are as good as new", () => {
  const rate = new Rate(10);
  for (let i = 0; i < 100; i++) rate.count(`name ${i}`, 1, 0);
  for (const now of [6000, 12_000]) rate.count("another", 1, now);
  assert.ok(rate.size <= 2, String(rate.size));
});

import assert from "node:assert/strict";
import { Shares, unitsOf } from "./shares.ts";
import { Miscounts } from "./miscounts.ts";

function fill(shares: Shares, customer: string, most = Infinity): number {
  let taken = 0;
  while (taken < most && shares.admits(customer, 1)) {
    shares.add(customer, 1);
    taken++;
  }
  return taken;
}

Deno.test("a lone customer may use the whole limit", () => {
  const shares = new Shares(1000, 0.1, new Miscounts());
  assert.equal(fill(shares, "lone"), 1000);
  shares.take("lone", 500);
  assert.equal(fill(shares, "lone"), 500);
});

Deno.test("however many customers take what they can get, there is something left for the next", () => {
  const shares = new Shares(1_000_000, 0.1, new Miscounts());
  assert.equal(fill(shares, "greedy"), 1_000_000);
  let before = Infinity;
  for (let i = 0; i < 80; i++) {
    const taken = fill(shares, `c${i}`);
    assert.ok(taken > 0 && taken <= before, `the ${i}th gets ${taken}`);
    before = taken;
  }
  assert.ok(shares.total < 2_000_000);
  assert.equal(fill(shares, "greedy"), 0);
});

Deno.test("customers that nobody vouches for are one", () => {
  const shares = new Shares(1000, 0.1, new Miscounts());
  fill(shares, "greedy");
  const first = fill(shares, "demo_1");
  assert.ok(first > 50);
  assert.ok(fill(shares, "demo_2") <= first / 10);
});

Deno.test("an entry counts by the bytes of its names", () => {
  assert.equal(unitsOf("a", "b"), 1);
  assert.equal(unitsOf("x".repeat(256)), 1);
  assert.equal(unitsOf("x".repeat(1024)), 4);
  assert.equal(unitsOf("√".repeat(200)), 2);
  assert.equal(unitsOf("x".repeat(100), "√".repeat(341)), 4);
});

Deno.test("who gives something back may have just that again, where all that is shared is used", () => {
  const shares = new Shares(1000, 0.1, new Miscounts());
  fill(shares, "greedy");
  const taken = fill(shares, "small");
  assert.ok(taken > 50);
  shares.take("small", 1);
  assert.equal(fill(shares, "small"), 1);
});

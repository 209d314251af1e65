import assert from "node:assert/strict";
import { compareKeys } from "./key.ts";
import { SortedOnDemand } from "./sorted_on_demand.ts";
import { AT_ONCE, EveryTurn } from "./testing.ts";

/** So many numbers, each once, in the order of their hashes. */
function mixed(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i).sort((a, b) => hash(a) - hash(b));
}

function hash(i: number): number {
  return Math.imul(i ^ 0x5bd1e995, 0x2545f491) >>> 0;
}

const orders: readonly (readonly [string, number[]])[] = [
  ["none", []],
  ["one", [0]],
  ["few", mixed(1999)],
  ["some", mixed(2001)],
  ["many", mixed(150_000)],
  ["many that are sorted", Array.from({ length: 20_000 }, (_, i) => i)],
  ["many that are sorted the other way", Array.from({ length: 20_000 }, (_, i) => 19_999 - i)],
];
for (const [name, numbers] of orders) {
  Deno.test(`entries are sorted as far as somebody reads: ${name}`, async () => {
    const sorted = new SortedOnDemand([...numbers], (i) => [i]);
    assert.equal(sorted.length, numbers.length);
    for (let i = 0; i < numbers.length; i++) assert.equal(await sorted.at(i, AT_ONCE), i);
    assert.equal(await sorted.at(numbers.length, AT_ONCE), undefined);
  });
}

Deno.test("entries of the same key come one after the other, however many", async () => {
  const sorted = new SortedOnDemand(Array.from({ length: 10_000 }, (_, i) => i), (i) => [i % 3]);
  const keys = [];
  for (let i = 0; i < sorted.length; i++) keys.push((await sorted.at(i, AT_ONCE))! % 3);
  assert.deepEqual(keys, keys.toSorted());
});

Deno.test("the place behind a key is found, also where nobody has read so far", async () => {
  for (const key of [-1, 0, 1, 70_000, 99_999, 100_000]) {
    const sorted = new SortedOnDemand(mixed(100_000), (i) => [i]);
    const place = Math.min(100_000, key + 1);
    assert.equal(await sorted.placeBehind([key], AT_ONCE), place, `${key}`);
    assert.equal(await sorted.at(place, AT_ONCE), place === 100_000 ? undefined : place);
    assert.equal(await sorted.placeBehind([10], AT_ONCE), 11, "a page is asked for again");
  }
});

Deno.test("the first of many cost little more than a look at each, and others get their turn", async () => {
  const count = 200_000;
  let looks = 0;
  const work = new EveryTurn();
  const sorted = new SortedOnDemand(mixed(count), (i) => {
    looks++;
    return [i];
  });
  assert.equal(await sorted.at(0, work), 0);
  assert.ok(looks < 1.2 * count, `${looks}`);
  assert.ok(work.turns >= Math.floor(count / 1024), `${work.turns}`);
});

Deno.test("keys are compared part by part", () => {
  const keys = [["a", "a"], ["a", "b"], ["aa", "a"], ["b", ""]];
  for (const [i, a] of keys.entries()) {
    for (const [j, b] of keys.entries()) assert.equal(Math.sign(compareKeys(a, b)), Math.sign(i - j));
  }
  assert.ok(compareKeys([9], [10]) < 0);
});

import assert from "node:assert/strict";
import { seededRandom } from "../testing.ts";
import { addRoom, bestExponent, EXPONENTS, noWorks, WorkFit } from "./mod.ts";

/** Servers that report so often, with rooms whose load is their clients to the power of something. */
function fits(
  reports: number,
  exponent: number,
  { sizes = (random: () => number) => 1 + Math.floor(40 * random() ** 3), noise = 0.02, scale = 1 } = {},
): WorkFit[] {
  const random = seededRandom(7);
  return [1, 2].map((size) => {
    const fit = new WorkFit();
    const rooms: number[] = Array.from({ length: 60 }, () => sizes(random));
    for (let i = 0; i < reports; i++) {
      rooms[Math.floor(random() * rooms.length)] = sizes(random);
      if (i % 40 === 0) rooms.length = 30 + Math.floor(60 * random());
      const works = noWorks();
      let work = 0;
      for (const clients of rooms) {
        addRoom(works, clients ?? 0);
        work += (clients ?? 0) ** exponent;
      }
      const load = scale * work / (60 * 30 ** exponent) / size + noise * (random() - 0.5);
      fit.learn(works, Math.min(1, Math.max(0, load)));
    }
    return fit;
  });
}

for (const [which, exponent] of EXPONENTS.entries()) {
  Deno.test(`how the load of rooms grows is learned from reports: their clients to the power of ${exponent}`, () => {
    assert.equal(bestExponent(fits(600, exponent)), which);
  });
}

Deno.test("each client costs the same where nothing tells otherwise: few reports, rooms that are all alike, or noise", () => {
  assert.equal(bestExponent([]), 0);
  assert.equal(bestExponent(fits(50, 2)), 0);
  assert.equal(bestExponent(fits(600, 2, { sizes: () => 7 })), 0);
  assert.equal(bestExponent(fits(600, 2, { scale: 0.02, noise: 0.2 })), 0);
});

Deno.test("each server counts alike, however much its load differs", () => {
  const few = Array.from({ length: 5 }, () => fits(600, 1, { scale: 0.1, noise: 0 })).flat();
  const [one] = fits(600, 2, { scale: 1, noise: 0 });
  assert.equal(bestExponent([one!]), 4);
  assert.equal(bestExponent([...few, one!]), 0);
});

Deno.test("another exponent is taken where it is clearly better than the one that holds", () => {
  const between = fits(600, 1.4, { noise: 0.05 });
  assert.deepEqual([1, 2, 3].map((which) => bestExponent(between, which)).slice(0, 2), [1, 2]);
  assert.equal(bestExponent(fits(600, 2, { noise: 0.001 }), 1), 4);
  assert.equal(bestExponent(fits(600, 1), 2), 0);
});

Deno.test("what saturated servers say does not count", () => {
  const all = fits(600, 1);
  const works = noWorks();
  for (let i = 0; i < 500; i++) addRoom(works, 50);
  for (const fit of all) for (let i = 0; i < 1000; i++) fit.learn(works, 1);
  assert.equal(bestExponent(all), 0);
  assert.ok(all.every(({ reports }) => reports < 600));
});

Deno.test("the work of a room is its clients to the power of each exponent, whatever its size", () => {
  for (const clients of [0, 1, 7, 1023, 1024, 5000]) {
    const works = noWorks();
    addRoom(works, clients);
    assert.deepEqual([...works], EXPONENTS.map((exponent) => clients ** exponent));
  }
});

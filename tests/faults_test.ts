import assert from "node:assert/strict";
import { FAULTS, World } from "../sim/faults/world.ts";

/** `deno task simulate faults` lets more worlds live for longer. */
const WORLDS = 25;
const SPAN = 60_000;

Deno.test(`in ${WORLDS} simulated worlds of mishaps the gateway keeps its promises, and its model is consistent`, async () => {
  const first = Math.ceil(Math.random() * 1e6);
  for (let seed = first; seed < first + WORLDS; seed++) {
    const { faults, counts } = await new World({ seed, span: SPAN }).run();
    const again = `deno task simulate faults --seeds 1 --seed ${seed} --seconds ${SPAN / 1000}`;
    assert.deepEqual(faults, [], again);
    assert.ok(counts.connects > 100 && counts.acknowledged > 10 && counts.reads > 10, again);
  }
});

Deno.test("several gateways over one store live through a world, and agree in the end on which servers there are", async () => {
  for (const gateways of [2, 3]) {
    const { faults, counts } = await new World({ seed: 1, span: 20_000, gateways, without: new Set(FAULTS) })
      .run();
    // Much else is known to be wrong: docs/testing.md lists it.
    assert.deepEqual(
      faults.filter((fault) => /do not agree on (servers|usage)|counted wrong/.test(fault)),
      [],
    );
    assert.ok(counts.connects > 100);
  }
});

Deno.test("a world of a seed is the same each time", async () => {
  const outcome = () => new World({ seed: 7, span: 20_000 }).run();
  assert.deepEqual(await outcome(), await outcome());
});

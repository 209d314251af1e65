import type { ServerLoad } from "../facts.ts";
import assert from "node:assert/strict";
import fc from "../../../tests/packages/fast_check.ts";
import { address, seededRandom } from "../testing.ts";
import { expectedLoad, largestThatFits, loadWithTail } from "./expected_load.ts";
import { strategies, type StrategyName } from "./mod.ts";

function server(name: string, its: Partial<ServerLoad> = {}): ServerLoad {
  const load = its.load ?? 0.5;
  return {
    address: address(name),
    load,
    steadyLoad: load,
    clients: 500,
    groups: 50,
    grants: 0,
    growth: 0,
    loadPerClient: 0.001,
    weight: 1,
    ...its,
  };
}

/** A group of a kind whose groups are all alike. */
const alike = (size: number) => ({ expected: size, large: size });

const anyWork = fc.record({
  exponent: fc.double({ min: 1.01, max: 2, noNaN: true }),
  coming: fc.double({ min: 0, max: 1e5, noNaN: true }),
  load: fc.double({ min: 1e-6, max: 0.01, noNaN: true }),
});

const anyServer: fc.Arbitrary<ServerLoad> = fc.record({
  load: fc.double({ min: 0, max: 1, noNaN: true }),
  clients: fc.nat(5000),
  groups: fc.nat(500),
  grants: fc.nat(500),
  growth: fc.double({ min: 0, max: 500, noNaN: true }),
  loadPerClient: fc.double({ min: 1e-6, max: 0.1, noNaN: true }),
  weight: fc.double({ min: 0.01, max: 1, noNaN: true }),
  work: fc.option(anyWork, { nil: undefined }),
}).map((its) => server(String(its.clients), its));

Deno.test("one client more never lowers the expected load, wherever it comes from", () => {
  fc.assert(fc.property(anyServer, fc.nat(1000), (its, size) => {
    const before = expectedLoad(its, size);
    assert.ok(expectedLoad(its, size + 1) >= before);
    assert.ok(expectedLoad({ ...its, grants: its.grants + 1 }, size) >= before);
    assert.ok(expectedLoad({ ...its, growth: its.growth + 1 }, size) >= before);
    assert.ok(expectedLoad({ ...its, weight: its.weight / 2 }, size) >= before);
    const { work } = its;
    if (work !== undefined) {
      assert.ok(expectedLoad({ ...its, work: { ...work, coming: work.coming + 1 } }, size) >= before);
      assert.ok(
        expectedLoad({ ...its, work: { ...work, exponent: work.exponent + 0.1 } }, size + 1) >= before,
      );
    }
  }));
});

Deno.test("the largest group that fits brings a server to the load, and one that does not fit is larger", () => {
  fc.assert(fc.property(anyServer, fc.double({ min: 0.1, max: 1, noNaN: true }), (its, load) => {
    const size = largestThatFits(its, load);
    if (size >= 1) assert.ok(Math.abs(expectedLoad(its, size) - load) < 1e-6);
    else assert.ok(expectedLoad(its, 1) > load);
  }));
});

Deno.test("that a group may become a large one costs load, but never more than a tenth of what the server has", () => {
  fc.assert(fc.property(anyServer, fc.integer({ min: 1, max: 300 }), fc.nat(1000), (its, expected, more) => {
    const load = loadWithTail(its, { expected, large: expected + more });
    assert.ok(load >= loadWithTail(its, alike(expected)));
    assert.ok(load <= expectedLoad(its, expected) + 0.1 / its.weight + 1e-9);
    assert.ok(loadWithTail(its, { expected, large: expected + more + 1 }) >= load);
  }));
});

for (const [name, choose] of Object.entries(strategies)) {
  Deno.test(`${name}: chooses one of the candidates, the same for the same chance`, () => {
    fc.assert(fc.property(
      fc.array(anyServer, { minLength: 1, maxLength: 20 }),
      fc.nat(300),
      fc.nat(1e6),
      (servers, size, seed) => {
        const chosen = choose(servers, alike(size), seededRandom(seed));
        assert.ok(servers.includes(chosen));
        assert.equal(choose(servers, alike(size), seededRandom(seed)), chosen);
      },
    ));
  });

  Deno.test(`${name}: of servers that are alike each gets its share`, () => {
    const random = seededRandom(5);
    const count = new Map<string, number>();
    const same = ["a", "b", "c"].map((each) => server(each));
    for (let i = 0; i < 3000; i++) {
      const { address } = choose(same, alike(10), random);
      count.set(address, (count.get(address) ?? 0) + 1);
    }
    for (const times of count.values()) assert.ok(times > 850 && times < 1150, String(times));
  });
}

Deno.test("fill leaves servers empty that are not needed", () => {
  const random = seededRandom(1);
  const servers = Array.from({ length: 20 }, (_, i) => server(`s${i}`, { load: 0, clients: 0, groups: 0 }));
  for (let i = 0; i < 290; i++) {
    const chosen = servers.indexOf(strategies.fill(servers, alike(10), random));
    servers[chosen] = { ...servers[chosen]!, steadyLoad: servers[chosen]!.steadyLoad + 0.01 };
  }
  assert.equal(servers.filter(({ steadyLoad }) => steadyLoad > 0).length, 4);
});

/** Which of two servers a strategy takes. */
const choices: readonly (readonly [StrategyName, Partial<ServerLoad>, Partial<ServerLoad>, string])[] = [
  ["expected", { load: 0.5 }, { load: 0.45, grants: 100 }, "clients on their way count"],
  ["expected", { load: 0.5 }, { load: 0.45, growth: 100 }, "so does what young rooms will grow by"],
  [
    "expected",
    { load: 0.5, loadPerClient: 0.0005 },
    { load: 0.49, loadPerClient: 0.005 },
    "a larger server takes a large room",
  ],
  [
    "expected",
    { load: 0.3 },
    { load: 0.2, weight: 0.5 },
    "a server of half the weight is full at half the load",
  ],
  ["least-load", { load: 0.5 }, { load: 0.45, grants: 100 }, "clients on their way count"],
  ["least-rooms", { groups: 9 }, { groups: 10, load: 0 }, "the fewer rooms"],
  ["fill", { load: 0.5 }, { load: 0.4 }, "the fuller of two that stay below the target"],
  ["fill", { load: 0.5 }, { load: 0.74 }, "the emptier, where the fuller would not"],
  ["fill", { load: 0.8 }, { load: 0.9 }, "the emptier, where neither would"],
  ["two-choices", { load: 0.5 }, { load: 0.6 }, "the lower load of two"],
  ["weighted", { load: 0 }, { load: 1 }, "a full server gets nothing"],
];

for (const [name, better, worse, why] of choices) {
  Deno.test(`${name}: ${why}`, () => {
    const [a, b] = [server("a", better), server("b", worse)];
    for (let seed = 0; seed < 20; seed++) {
      assert.equal(strategies[name]([a, b], alike(100), seededRandom(seed)), a);
      assert.equal(strategies[name]([b, a], alike(100), seededRandom(seed)), a);
    }
  });
}

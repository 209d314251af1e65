import assert from "node:assert/strict";
import fc from "../../../tests/packages/fast_check.ts";
import { defaultFleetSettings, info, plan, tick } from "../mod.ts";
import { strategies } from "../placement/mod.ts";
import { address, ask, hear, place, SETTINGS, testModel } from "../testing.ts";

const anyFleet = fc.array(
  fc.record({
    pool: fc.constantFrom("eu", "us", "asia"),
    clients: fc.nat(1100),
    state: fc.constantFrom("alive", "silent", "draining", "weight 0"),
  }),
  { minLength: 1, maxLength: 12 },
);

for (const [name, choose] of Object.entries(strategies)) {
  Deno.test(`${name}: never a silent or draining server, one without weight, or one of a foreign pool`, () => {
    fc.assert(fc.property(anyFleet, fc.integer({ min: 1, max: 20 }), (fleet, rooms) => {
      const spill = new Map([["eu", ["us"]]]);
      const model = testModel({ placement: { ...SETTINGS.placement, strategy: name, choose, spill } });
      fleet.forEach(({ pool, clients, state }, i) => {
        hear(model, `s${i}`, [[`old-${i}`, clients, 6000]], state === "silent" ? 0 : 5000, pool);
        if (state === "draining") plan(model, address(`s${i}`), { draining: { deadline: undefined } });
        if (state === "weight 0") plan(model, address(`s${i}`), { weight: 0 });
      });
      tick(model, 8000);
      const open = fleet.flatMap(({ pool, state }, i) =>
        pool !== "asia" && state === "alive" ? [address(`s${i}`)] : []
      );
      for (let i = 0; i < rooms; i++) {
        const outcome = ask(model, `new-${i}`, "u", 8000 + i, { pool: "eu" });
        if (outcome.granted) assert.ok(open.includes(outcome.server));
        else assert.deepEqual([outcome.reason, open.length], ["no-server", 0]);
      }
    }));
  });
}

Deno.test("a server above the ceiling gets a room only if all others are above it too", () => {
  const placement = {
    ...SETTINGS.placement,
    choose: (servers: readonly { address: string }[]) => servers[0] as never,
  };
  const model = testModel({ placement });
  hear(model, "full", [["old", 949, 6000]], 0);
  hear(model, "free", [["old2", 100, 6000]], 0);
  for (let i = 0; i < 5; i++) assert.equal(place(model, `r${i}`, "u", 0), address("free"));
  hear(model, "free", [["old2", 990, 6000]], 5000);
  hear(model, "full", [["old", 990, 6000]], 5000);
  assert.equal(place(model, "r9", "u", 5000), address("full"));
});

Deno.test("with overload refused, a full fleet takes no new room, and keeps serving those there are", () => {
  const model = testModel({ placement: { ...SETTINGS.placement, overload: "refuse" } });
  hear(model, "a", [["old", 990, 6000]], 0);
  const outcome = ask(model, "new", "u", 0);
  assert.ok(!outcome.granted && outcome.reason === "overloaded");
  assert.equal(place(model, "old", "u", 0), address("a"));
});

Deno.test("a pool whose servers are all above the ceiling, or gone, spills over, in order", () => {
  const spill = new Map([["eu", ["us", "asia"]]]);
  const model = testModel({ placement: { ...SETTINGS.placement, spill } });
  hear(model, "us", [["full", 990, 6000]], 0, "us");
  hear(model, "asia", [], 0, "asia");
  assert.equal(place(model, "r1", "u", 0, { pool: "eu" }), address("asia"), "eu has no server, us is full");
  hear(model, "eu", [], 0, "eu");
  assert.equal(place(model, "r2", "u", 0, { pool: "eu" }), address("eu"));
  hear(model, "eu", [["full2", 990, 6000]], 5000, "eu");
  hear(model, "us", [], 5000, "us");
  assert.equal(place(model, "r3", "u", 5000, { pool: "eu" }), address("us"));
  assert.equal(place(model, "r4", "u", 5000, { pool: "eu", allowedPools: ["eu", "asia"] }), address("asia"));
  assert.equal(
    place(model, "r5", "u", 5000, { pool: "eu", allowedPools: ["eu"] }),
    address("eu"),
    "over the ceiling",
  );
  const outcome = ask(model, "r6", "u", 5000, { pool: "us", allowedPools: ["eu"] });
  assert.ok(!outcome.granted && outcome.reason === "pool-not-allowed");
  assert.equal(
    place(model, "r4", "u2", 5000, { pool: "us", allowedPools: ["eu"] }),
    address("asia"),
    "it stays",
  );
});

Deno.test("a placement can be explained: the candidates, what their load is made of, and who was left out", () => {
  const model = testModel();
  for (const name of ["a", "b", "draining", "light", "full"]) {
    hear(model, name, [[`old-${name}`, name === "full" ? 949 : name === "b" ? 200 : 100, 6000]], 0);
  }
  hear(model, "silent", [], -10_000);
  tick(model, 0);
  plan(model, address("draining"), { draining: { deadline: undefined } });
  plan(model, address("light"), { weight: 0 });
  const server = place(model, "match-1", "u", 1234);
  const explanation = model.explanations.get(model.groups.room(["acme", "match-1"])!.group)!;
  const { at, by, kind, expectedSize, candidates, leftOut, furtherCandidates } = explanation;
  assert.deepEqual({ at, by, kind, furtherCandidates }, {
    at: 1234,
    by: "expected",
    kind: { namespace: "acme", template: "match-#" },
    furtherCandidates: 0,
  });
  assert.ok(expectedSize >= 1);
  assert.equal(explanation.server, server);
  assert.equal(candidates[0]!.address, server);
  assert.deepEqual(candidates.map(({ address }) => address), [address("a"), address("b")]);
  for (const { load, grants, growth, loadPerClient, expectedLoad } of candidates) {
    const tail = Math.min(0.1, (explanation.size - explanation.expectedSize) * loadPerClient);
    const coming = (grants + growth + explanation.expectedSize) * loadPerClient;
    assert.ok(Math.abs(expectedLoad - (load + coming + tail)) < 1e-9);
  }
  assert.deepEqual(
    new Map(leftOut.map(({ server, reason }) => [server, reason])),
    new Map([
      [address("draining"), "draining"],
      [address("light"), "weight 0"],
      [address("silent"), "silent"],
      [address("full"), "above the ceiling"],
    ]),
  );
});

Deno.test("fill is explained by its target, and by the servers next to the one that it chose, fuller ones too", () => {
  const { placement } = defaultFleetSettings({ placement: { strategy: "fill", defaultSize: 1 } });
  const model = testModel({ placement });
  for (let i = 0; i < 31; i++) hear(model, `s${i}`, i > 0 ? [[`room ${i}`, i * 30, 9999]] : [], 0);
  const chosen = place(model, "new", "u", 0);
  const { by, candidates, furtherCandidates } = model.explanations.get(
    model.groups.room(["acme", "new"])!.group,
  )!;
  assert.equal(by, "fill up to 0.75");
  assert.equal(chosen, address("s24"));
  assert.equal(candidates[0]!.address, chosen);
  const near = ["s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28"].map(address);
  for (const server of near) assert.ok(candidates.some(({ address }) => address === server), server);
  assert.deepEqual([candidates.length, furtherCandidates], [10, 21]);
});

Deno.test("only the newest placements are explained", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  for (let i = 0; i < 150; i++) place(model, `r-${i}`, "u", 0);
  const explained = [...model.groups].filter((group) => model.explanations.get(group) !== undefined);
  assert.equal(explained.length, 100);
  assert.equal(model.explanations.get(model.groups.room(["acme", "r-0"])!.group), undefined);
});

Deno.test("the ceiling is held against the size that is expected, so that a few very large rooms keep no kind out", () => {
  const model = testModel({ placement: { ...SETTINGS.placement, overload: "refuse" } });
  for (let i = 0; i < 400; i++) {
    model.kinds.learn({ namespace: "acme", template: "match-#" }, {
      size: i % 20 === 0 ? 200 : 5,
      fillTime: 30_000,
    }, 0);
  }
  hear(model, "a", [["old", 850, 6000]], 0);
  assert.equal(place(model, "match-1", "u", 0), address("a"));
});

Deno.test("a kind is shown with the size that its new rooms are placed for", () => {
  const model = testModel();
  for (let i = 0; i < 400; i++) {
    const size = i % 20 === 0 ? 200 : 5;
    model.kinds.learn({ namespace: "acme", template: "match-#" }, { size, fillTime: 30_000 }, 0);
  }
  hear(model, "a", [], 0);
  place(model, "match-1", "u", 0);
  const { expectedSize, size } = model.explanations.get(model.groups.room(["acme", "match-1"])!.group)!;
  const shown = info(model).kinds.find(({ template }) => template === "match-#")!;
  assert.equal(shown.placedFor, expectedSize);
  assert.ok(size > 2 * shown.placedFor, "and not with that of the large ones, which count for a little");
});

const asked = [
  ["place", 990, "overloaded", "that says it is full is overloaded by nobody's token"],
  ["place", 949, undefined, "above the ceiling is taken where overload is not refused"],
  ["refuse", 949, "overloaded", "above the ceiling is refused where overload is"],
  ["refuse", 500, undefined, "below the ceiling is taken where overload is refused"],
] as const;

for (const [overload, clients, reason, why] of asked) {
  Deno.test(`a server asked for ${why}`, () => {
    const model = testModel({ placement: { ...SETTINGS.placement, overload } });
    hear(model, "a", [["old", clients, 6000]], 0);
    hear(model, "idle", [], 0);
    const outcome = ask(model, "new", "u", 0, { server: address("a") });
    assert.equal(outcome.granted ? undefined : outcome.reason, reason);
    if (outcome.granted) assert.equal(outcome.server, address("a"));
  });
}

Deno.test("of the placements that are explained, one that was placed anew is the newest", () => {
  const model = testModel({ limits: { ...SETTINGS.limits, explanations: 2 } });
  const explained = (name: string) =>
    model.explanations.get(model.groups.room(["acme", name])!.group)?.server;
  hear(model, "a", [], 0);
  place(model, "again", "u", 0);
  place(model, "other", "u", 0);
  hear(model, "b", [], 7000);
  tick(model, 7500);
  assert.equal(place(model, "again", "u", 7600), address("b"));
  place(model, "newest", "u", 7700);
  assert.deepEqual(["again", "other", "newest"].map(explained), [address("b"), undefined, address("b")]);
});

Deno.test("an explanation names the server that was chosen, though ten others had less load", () => {
  const choose = (servers: readonly { address: string }[]) => servers.at(-1) as never;
  const model = testModel({ placement: { ...SETTINGS.placement, choose } });
  for (let i = 0; i < 13; i++) hear(model, `s${i}`, [[`old-${i}`, 100 + 50 * i, 6000]], 0);
  assert.equal(place(model, "r", "u", 0), address("s12"));
  const explanation = model.explanations.get(model.groups.room(["acme", "r"])!.group)!;
  assert.deepEqual(
    explanation.candidates.map((server) => server.address),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12].map((i) => address(`s${i}`)),
  );
  assert.equal(explanation.furtherCandidates, 2);
});

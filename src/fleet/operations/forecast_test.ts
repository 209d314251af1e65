import assert from "node:assert/strict";
import fc from "../../../tests/packages/fast_check.ts";
import { demandText, forecast, type Model, plan, report, restoreDemand, tick } from "../mod.ts";
import { address, hear, place, testModel } from "../testing.ts";

const MINUTE = 60_000;

/** Servers that can take a thousand clients each, for so many minutes, with so many clients all together. */
function run(minutes: number, clients: (minute: number) => number, servers = 10, model = testModel()): Model {
  for (let now = 0; now <= minutes * MINUTE; now += 5000) {
    const each = Math.round(clients(now / MINUTE) / servers);
    for (let i = 0; i < servers; i++) {
      const input = { pool: "default", version: "1", load: each / 1000, clients: each, rooms: [] };
      report(model, { address: address(`s${i}`), ...input }, now);
    }
    tick(model, now);
  }
  return model;
}

const only = (model: Model, target = 0.75) => forecast(model, target)[0]!;
const servers = (model: Model, target?: number) => only(model, target).ahead.map(({ servers }) => servers);

Deno.test("a fleet whose clients stay as many needs as many servers in an hour as now, and the others may go", () => {
  const model = run(20, () => 2200);
  assert.deepEqual(servers(model), [3, 3, 3, 3]);
  assert.equal(only(model).drainable.length, 7);
  assert.deepEqual(servers(model, 0.5), [5, 5, 5, 5]);
});

Deno.test("clients that become more are seen to need more servers soon, and those that become fewer fewer", () => {
  const more = only(run(20, (minute) => 1000 + 100 * minute)).ahead;
  assert.ok(more[1]!.clients > 3500 && more[1]!.clients <= 4000, `${more[1]!.clients}`);
  assert.ok(more[2]!.clients > 3900 && more[2]!.clients <= 6000, `${more[2]!.clients}`);
  const fewer = only(run(20, (minute) => 6000 - 100 * minute));
  assert.ok(fewer.ahead[2]!.servers < fewer.ahead[0]!.servers);
  assert.equal(fewer.drainable.length, 10 - fewer.ahead[0]!.servers, "but those that are needed now stay");
});

Deno.test("what does not suffice is made up with servers of the usual size", () => {
  assert.deepEqual(servers(run(20, () => 2200, 2)), [3, 3, 3, 3]);
});

Deno.test("rooms that still grow are reckoned with, and servers that take nothing new are not", () => {
  const model = run(1, () => 500, 2);
  for (let i = 0; i < 100; i++) {
    model.kinds.learn({ namespace: "acme", template: "event-#" }, { size: 900, fillTime: 1 }, 0);
  }
  place(model, "event-1", "u", MINUTE);
  assert.deepEqual(servers(model), [1, 2, 2, 2]);
  plan(model, address("s0"), { draining: { deadline: undefined } });
  assert.equal(only(model).servers, 1);
});

Deno.test("after a pause nothing is known of where it goes", () => {
  const model = run(20, (minute) => 1000 + 100 * minute);
  const later = 24 * 60 * MINUTE;
  hear(model, "s0", [], later);
  tick(model, later);
  assert.ok(model.demand.get("default")!.change({ clients: 0, growth: 0 }, MINUTE) === 0);
});

Deno.test("a pool without servers, or without clients, needs none, or one; and nothing is negative", () => {
  assert.deepEqual(forecast(testModel(), 0.75), []);
  assert.deepEqual(only(run(5, () => 0)).ahead.map(({ servers }) => servers), [0, 0, 0, 0]);
  assert.equal(only(run(5, () => 0)).drainable.length, 9);
  fc.assert(
    fc.property(fc.integer({ min: -300, max: 300 }), fc.integer({ min: 0, max: 9000 }), (by, from) => {
      const its = only(run(5, (minute) => Math.max(0, from + by * minute), 3));
      for (const { clients, servers } of its.ahead) assert.ok(clients >= 0 && servers >= 0);
    }),
    { numRuns: 30 },
  );
});

Deno.test("where it goes is known after a restart within two minutes, and by a text that is none nothing is", () => {
  const before = run(20, (minute) => 1000 + 100 * minute);
  const change = (model: Model) =>
    model.demand.get("default")?.change({ clients: 0, growth: 0 }, 10 * MINUTE);
  const toUnixTime = (time: number) => time + 1e12;
  const text = demandText(before, toUnixTime);
  const restored = (text: string, later: number) => {
    const model = testModel();
    restoreDemand(model, text, 50, (time) => time - 50 + 1e12 + 20 * MINUTE + later);
    return change(model);
  };
  assert.ok(change(before)! > 500);
  assert.equal(restored(text, MINUTE), change(before));
  assert.equal(restored(text, 3 * MINUTE), undefined);
  assert.equal(restored(text, -MINUTE), undefined, "from the future");
  for (
    const damaged of ["", "{}", "null", text.replace(/\d+,"growth"/, '"many","growth"'), text.slice(0, -1)]
  ) {
    assert.equal(restored(damaged, MINUTE), undefined, damaged);
  }
});

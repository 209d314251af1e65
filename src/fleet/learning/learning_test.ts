import assert from "node:assert/strict";
import fc from "../../../tests/packages/fast_check.ts";
import { seededRandom } from "../testing.ts";
import { ClientCost, Kinds, type Lesson, nameTemplate, Sizes } from "./mod.ts";

const names = [
  ["match-8231", "match-#", "a run of digits"],
  ["match77", "match#", "digits right after a word"],
  ["squad-0f8e7d6c-1b2a-4c3d-9e8f-001122334455", "squad-#", "a UUID"],
  ["class/9f8e7d6c5b", "class/#", "a hexadecimal id"],
  ["lobby-x7Kp2Qa9Zz1", "lobby-#", "a base-62 id"],
  ["lobby-kQwZxYbNtRs", "lobby-#", "a base-62 id without a digit"],
  ["LobbyNorth-eu2", "LobbyNorth-eu#", "words stay"],
  ["facade", "facade", "a word of the letters a to f"],
  ["decade1", "decade#", "a word of the letters a to f, with a number"],
  ["Facade2024-west", "Facade#-west", "such a word with a longer number"],
  ["abc123456", "abc#", "letters that are no word count as one"],
  ["ab123456", "#", "two letters are none"],
  ["match-decade1f", "match-#", "a hexadecimal id that begins like a word with a number"],
  ["1decade", "#", "a hexadecimal id that ends in a word"],
  ["f00d1e", "#", "a hexadecimal id of six characters"],
  ["raum-４２", "raum-#", "digits of full width"],
  ["\u0663\u0664\u0665", "#", "Arabic-Indic digits"],
  ["कक्षा-१२3", "कक्षा-#", "digits of two scripts in a row"],
  ["squad-\u{1d7d8}f8e7d6c", "squad-#", "an id with a digit that is two UTF-16 units"],
  ["x²-Ⅻ", "x²-Ⅻ", "what stands for a number and is no digit"],
  ["XMLHttpRequest", "XMLHttpRequest", "words with initials"],
  ["halle-ü-12", "halle-ü-#", "letters of any script"],
  [`${"ü".repeat(127)}😀`, "ü".repeat(127), "no half of a character at the end of a long one"],
] as const;

for (const [name, template, why] of names) {
  Deno.test(`the template of a name: ${why}`, () => assert.equal(nameTemplate(name), template));
}

Deno.test("a template is never longer than what a name is cut to, and hides its numbers", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 1024 }), (name) => {
    const template = nameTemplate(name);
    assert.ok(template.length <= 128);
    assert.doesNotMatch(template, /\p{Nd}/u);
  }));
});

const KIND = { namespace: "arena", template: "match-#" };
const learn = (kinds: Kinds, kind: typeof KIND, sizes: readonly number[], now = 0) => {
  for (const size of sizes) kinds.learn(kind, { size, fillTime: 30_000 }, now);
};
/** What hardly any new room exceeds. */
const largeSize = (kinds: Kinds) => {
  const known = kinds.estimatorFor(KIND);
  return known.largeSize(0, known.expectedSize(0, 0), 0);
};
const repeat = (count: number, value: (i: number) => number) =>
  Array.from({ length: count }, (_, i) => value(i));

Deno.test("sizes that are all alike are expected exactly, after a few rooms", () => {
  const kinds = new Kinds(100, 10);
  learn(kinds, KIND, repeat(50, () => 6));
  assert.ok(Math.abs(kinds.estimatorFor(KIND).expectedSize(0, 0) - 6) < 0.3);
  assert.ok(Math.abs(kinds.estimatorFor(KIND).expectedSize(3, 0) - 6) < 0.3);
  assert.ok(Math.abs(largeSize(kinds) - 6) < 0.3);
});

Deno.test("of a heavy tail the mean is expected, rooms are placed for the tail, and a large room is expected to grow on", () => {
  const kinds = new Kinds(100, 10);
  learn(kinds, KIND, repeat(400, (i) => i % 20 === 0 ? 200 : 5));
  const mean = (19 * 5 + 200) / 20;
  assert.ok(Math.abs(kinds.estimatorFor(KIND).expectedSize(0, 0) - mean) < 2);
  assert.ok(largeSize(kinds) > 150);
  assert.ok(kinds.estimatorFor(KIND).expectedSize(40, 0) > 150, "a room of 40 is one of the large ones");
});

Deno.test("what is not known of a kind comes from its namespace, then from all rooms, then from the default", () => {
  const kinds = new Kinds(100, 10);
  const unknown = { namespace: "arena", template: "final" };
  assert.equal(kinds.estimatorFor(unknown).expectedSize(0, 0), 10);
  learn(kinds, { namespace: "elsewhere", template: "x" }, repeat(50, () => 100));
  assert.ok(Math.abs(kinds.estimatorFor(unknown).expectedSize(0, 0) - 100) < 5);
  learn(kinds, KIND, repeat(50, () => 4));
  assert.ok(Math.abs(kinds.estimatorFor(unknown).expectedSize(0, 0) - 4) < 4);
  learn(kinds, unknown, repeat(50, () => 30));
  assert.ok(Math.abs(kinds.estimatorFor(unknown).expectedSize(0, 0) - 30) < 2);
});

Deno.test("sizes that change over a day are followed", () => {
  const kinds = new Kinds(100, 10);
  learn(kinds, KIND, repeat(500, () => 4));
  learn(kinds, KIND, repeat(200, () => 40), 12 * 3_600_000);
  const expected = kinds.estimatorFor(KIND).expectedSize(0, 12 * 3_600_000);
  assert.ok(expected > 15 && expected < 30, String(expected));
  learn(kinds, KIND, repeat(20, () => 40), 10 * 86_400_000);
  assert.ok(
    kinds.estimatorFor(KIND).expectedSize(0, 10 * 86_400_000) > 38,
    "what is ten days old hardly counts",
  );
});

Deno.test("names that are all different neither grow what is remembered nor end what is used", () => {
  const kinds = new Kinds(20, 10);
  learn(kinds, KIND, repeat(50, () => 6));
  for (let i = 0; i < 1000; i++) {
    kinds.learn({ namespace: "wild", template: `name ${i}` }, { size: 3, fillTime: 0 }, 0);
    kinds.estimatorFor(KIND).expectedSize(0, 0);
  }
  assert.ok(kinds.size <= 20);
  assert.ok(Math.abs(kinds.estimatorFor(KIND).expectedSize(0, 0) - 6) < 0.3);
  const told = kinds.takeLearned();
  assert.equal(told.filter(({ sizes }) => sizes !== undefined).length <= 20, true);
  assert.ok(
    told.some(({ template, sizes }) => template === "name 1" && sizes === undefined),
    "and is told to go",
  );
});

const PLAY = { namespace: "acme", template: "match-#" };
/** Rooms of one customer with names that are words, each once. */
const flood = (kinds: Kinds, namespace: string, rooms: number, seenEach = 1) => {
  for (let i = 0; i < rooms; i++) {
    const template = `room ${i.toString(36).replace(/[0-9]/g, "x")} ${"y".repeat(i % 97)}${i}`;
    for (let seen = 0; seen < seenEach; seen++) {
      kinds.learn({ namespace, template }, { size: 1, fillTime: 0 }, 0);
    }
  }
};

for (const seenEach of [1, 2, 5]) {
  Deno.test(`however many names one namespace has, each seen ${seenEach} times, nothing that is known of others is forgotten`, () => {
    const kinds = new Kinds(100, 10);
    learn(kinds, PLAY, repeat(100, () => 40));
    for (let i = 0; i < 20; i++) learn(kinds, { namespace: `n${i}`, template: "x" }, [5, 5, 5]);
    learn(kinds, { namespace: "new", template: "x" }, [7]);
    flood(kinds, "evil", 3000, seenEach);
    const known = kinds.estimatorFor(PLAY);
    assert.equal(known.levels.length, 3);
    assert.ok(Math.abs(known.expectedSize(0, 0) - 40) < 1, String(known.expectedSize(0, 0)));
    for (let i = 0; i < 20; i++) {
      assert.equal(kinds.look({ namespace: `n${i}`, template: "x" }).levels.length, 3);
    }
    assert.equal(
      kinds.look({ namespace: "new", template: "x" }).levels.length,
      3,
      "nor one that was seen once",
    );
    assert.ok(kinds.size <= 100);
  });
}

for (const [customers, rooms, seenEach] of [[3000, 1, 1], [1000, 20, 2], [5000, 2, 2]] as const) {
  Deno.test(`${customers} customers that nobody vouches for, each with ${rooms} kinds seen ${seenEach} times, make nothing forgotten that is known of others`, () => {
    const kinds = new Kinds(100, 10);
    for (let i = 0; i < 20; i++) {
      learn(
        kinds,
        { namespace: "acme", template: `t${i}` },
        repeat(100, () => 40),
      );
    }
    learn(kinds, { namespace: "new", template: "x" }, [40]);
    for (let i = 0; i < customers; i++) flood(kinds, `demo_${i}`, rooms, seenEach);
    for (let i = 0; i < 20; i++) {
      assert.equal(kinds.look({ namespace: "acme", template: `t${i}` }).levels.length, 3);
    }
    assert.equal(kinds.look({ namespace: "new", template: "x" }).levels.length, 3);
    const expected = kinds.look({ namespace: "nobody", template: "x" }).expectedSize(0, 0);
    assert.ok(expected > 20, `together they count as one in what is known of all: ${expected}`);
    assert.ok(kinds.size <= 100);
  });
}

Deno.test("kinds of customers that nobody vouches for are told apart, stored and forgotten as others", () => {
  const kinds = new Kinds(100, 10);
  for (const [i, namespace] of ["demo_", "demo_a", "demo_b"].entries()) {
    learn(kinds, { namespace, template: "x" }, repeat(200, () => 10 * (i + 1)));
  }
  const after = new Kinds(100, 10);
  for (const kind of kinds.stored()) after.restore(kind);
  const sizes = () =>
    ["demo_", "demo_a", "demo_b"].map((namespace) =>
      Math.round(after.look({ namespace, template: "x" }).expectedSize(0, 0))
    );
  assert.deepEqual(sizes(), [10, 20, 30]);
  assert.equal(after.forget({ namespace: "demo_a", template: "x" }).length, 1);
  assert.equal(after.look({ namespace: "demo_a", template: "x" }).levels.length, 2);
  assert.deepEqual([sizes()[0], sizes()[2]], [10, 30]);
});

Deno.test("kinds that were seen once go before those that were seen again, and a new one can come to stay", () => {
  const kinds = new Kinds(40, 10);
  for (let i = 0; i < 29; i++) learn(kinds, { namespace: "acme", template: `t${i}` }, [5, 5]);
  flood(kinds, "acme", 500);
  for (let i = 0; i < 29; i++) {
    assert.equal(kinds.look({ namespace: "acme", template: `t${i}` }).levels.length, 3);
  }
  for (let i = 0; i < 100; i++) {
    for (const _ of [1, 2]) {
      learn(kinds, { namespace: "acme", template: `n${i}` }, [5]);
      flood(kinds, "acme", 5);
    }
  }
  assert.equal(kinds.look({ namespace: "acme", template: "n99" }).levels.length, 3);
  assert.equal(
    kinds.look({ namespace: "acme", template: "t0" }).levels.length,
    2,
    "in place of one used long ago",
  );
});

Deno.test("no namespace alone tells what is expected of others: each counts for some rooms in what is known of all", () => {
  const kinds = new Kinds(10_000, 10);
  const unknown = { namespace: "nobody", template: "x" };
  for (let i = 0; i < 9; i++) learn(kinds, { namespace: `n${i}`, template: "x" }, repeat(100, () => 10));
  flood(kinds, "evil", 5000);
  assert.ok(kinds.look(unknown).expectedSize(0, 0) > 8.9, String(kinds.look(unknown).expectedSize(0, 0)));
  learn(kinds, { namespace: "evil", template: "x" }, repeat(5000, () => 10_000));
  assert.ok(kinds.look(unknown).expectedSize(0, 0) < 1200);
  const [all] = kinds;
  assert.deepEqual(all![0], { namespace: "", template: "" });
  assert.ok(all![1].weight <= 1000 && all![1].weight > 900, "ten namespaces of a hundred rooms");
});

Deno.test("what is known of all rooms follows what is learned, also of a great many namespaces, and what is forgotten", () => {
  const kinds = new Kinds(10_000, 10);
  const unknown = { namespace: "nobody", template: "x" };
  for (let i = 0; i < 2000; i++) learn(kinds, { namespace: `n${i}`, template: "x" }, [30]);
  assert.ok(Math.abs(kinds.look(unknown).expectedSize(0, 0) - 30) < 0.1);
  assert.equal(kinds.forget({ namespace: "", template: "" }).length, 2000);
  assert.equal(kinds.look(unknown).expectedSize(0, 0), 10);
  assert.equal(
    kinds.look({ namespace: "n7", template: "x" }).levels.length,
    2,
    "but of a kind what is its own",
  );
});

Deno.test("what is stored and taken over again is what was known, of all rooms too", () => {
  const before = new Kinds(100, 10);
  for (let i = 0; i < 5; i++) {
    learn(
      before,
      { namespace: `n${i}`, template: "x" },
      repeat(80, () => 10 * (i + 1)),
      i,
    );
  }
  const after = new Kinds(100, 10);
  const stored = before.stored();
  assert.deepEqual(
    stored.map(({ sizes }) => sizes!.at).toSorted((a, b) => a - b),
    stored.map(({ sizes }) => sizes!.at),
  );
  for (const kind of stored) after.restore(JSON.parse(JSON.stringify(kind)));
  for (const kind of [{ namespace: "nobody", template: "x" }, { namespace: "n3", template: "x" }]) {
    const [a, b] = [before, after].map((kinds) => kinds.look(kind).expectedSize(0, 5));
    assert.ok(Math.abs(a! - b!) < 1e-3, `${a}, ${b}`);
  }
});

Deno.test("a row of all rooms, as an older version stored one, counts no room twice, and the store is told to forget it", () => {
  const before = new Kinds(100, 10);
  learn(before, KIND, repeat(80, () => 32));
  const stored = before.stored();
  const all = new Kinds(100, 10);
  learn(all, { namespace: "all", template: "x" }, repeat(80, () => 64));
  const [row] = all.stored().filter(({ template }) => template === "");
  const after = new Kinds(100, 10);
  for (const kind of [{ ...row!, namespace: "" }, ...stored]) after.restore(kind);
  const unknown = { namespace: "nobody", template: "x" };
  const [expected, is] = [before, after].map((kinds) => kinds.look(unknown).expectedSize(0, 0));
  assert.ok(Math.abs(is! - expected!) < 1e-3, `${is} instead of ${expected}`);
  assert.deepEqual(Array.from(after, ([kind]) => kind), Array.from(before, ([kind]) => kind));
  assert.deepEqual(after.takeLearned(), [{ namespace: "", template: "", sizes: undefined }]);
});

Deno.test("an expected size is at least what was reached, and at least one", () => {
  fc.assert(fc.property(
    fc.array(fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.maxSafeNat().map((size) => size + 1)), {
      maxLength: 50,
    }),
    fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.maxSafeNat()),
    (sizes, reached) => {
      const kinds = new Kinds(100, 10);
      learn(kinds, KIND, sizes);
      const expected = kinds.estimatorFor(KIND).expectedSize(reached, 0);
      assert.ok(expected >= Math.max(1, reached) * (1 - 1e-9));
      assert.ok(kinds.estimatorFor(KIND).largeSize(reached, expected, 0) >= expected);
      assert.ok(expected <= Math.max(10, reached, ...sizes) * (1 + 1e-9));
    },
  ));
});

Deno.test("how long rooms grow is learned, and the larger ones say more", () => {
  const kinds = new Kinds(100, 10);
  for (let i = 0; i < 50; i++) {
    kinds.learn(KIND, { size: 31, fillTime: 600_000 }, 0);
    kinds.learn(KIND, { size: 1, fillTime: 0 }, 0);
  }
  const time = kinds.estimatorFor(KIND).fillTime;
  assert.ok(time > 540_000 && time < 600_000, String(time));
});

Deno.test("what is stored of a distribution is what it knows", () => {
  const sizes = new Sizes();
  for (let i = 0; i < 100; i++) sizes.learn({ size: 1 + i % 50, fillTime: i * 1000 }, i * 60_000);
  const restored = new Sizes(JSON.parse(JSON.stringify(sizes.stored())));
  const close = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-4 * Math.abs(a), `${a}, ${b}`);
  for (const reached of [0, 1, 7, 40]) {
    close(sizes.from(reached, 1e8).sum, restored.from(reached, 1e8).sum);
    close(sizes.from(reached, 1e8).weight, restored.from(reached, 1e8).weight);
  }
  close(sizes.quantile(0.9), restored.quantile(0.9));
  close(sizes.fillTime.mean, restored.fillTime.mean);
});

Deno.test("a room that grows on counts once, with what it came to", () => {
  fc.assert(fc.property(
    fc.array(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 5 }), { maxLength: 20 }),
    (rooms) => {
      const corrected = new Sizes();
      const atOnce = new Sizes();
      for (const [i, its] of rooms.entries()) {
        let earlier: Lesson | undefined;
        for (const size of its) {
          const observed = { size, fillTime: i };
          corrected.learn(observed, 0, earlier);
          earlier = { ...observed, at: 0 };
        }
        atOnce.learn({ size: its.at(-1)!, fillTime: i }, 0);
      }
      const [a, b] = [corrected.from(0, 0), atOnce.from(0, 0)];
      assert.ok(Math.abs(a.weight - b.weight) <= 0.05 * b.weight, `${a.weight}, ${b.weight}`);
      assert.ok(Math.abs(a.sum - b.sum) <= 0.1 * b.sum, `${a.sum}, ${b.sum}`);
    },
  ));
});

for (
  const [rooms, apart, how] of [
    [50, 0, "that come at one moment"],
    [300, 100, "that come together"],
    [5000, 0, "that come at one moment"],
    [5000, 100, "that come together"],
    [4000, 4000, "that come all the time"],
    [20_000, 1000, "that come all the time"],
  ] as const
) {
  Deno.test(`of ${rooms} rooms ${how}, a tenth of which grow on later, a tenth of what is known are large ones`, () => {
    let sizes = new Sizes();
    const alone = new Sizes();
    const later = 1_800_000;
    const until = rooms * apart + (how === "that come all the time" ? 0 : later);
    let grown = 0;
    const growUntil = (time: number) => {
      for (; grown < rooms && grown * apart + later <= time; grown += 10) {
        const earlier = { size: 10, fillTime: 60_000, at: grown * apart };
        sizes.learn({ size: 100, fillTime: later }, earlier.at + later, earlier);
        if (grown % 100 === 0) sizes = new Sizes(JSON.parse(JSON.stringify(sizes.stored())));
      }
    };
    for (let i = 0; i < rooms; i++) {
      growUntil(i * apart);
      sizes.learn({ size: 10, fillTime: 60_000 }, i * apart);
      alone.learn({ size: 10, fillTime: 60_000 }, i * apart);
    }
    growUntil(until);
    const { weight, sum } = sizes.from(0, until);
    assert.ok(Math.abs(sum / weight / 19 - 1) < 0.05, `${sum / weight} instead of 19 clients`);
    assert.ok(Math.abs(weight / alone.from(0, until).weight - 1) < 1e-3, "each counts once");
    assert.ok(sizes.stored().spans!.length <= 26);
  });
}

Deno.test("a room that is learned while others are corrected counts as it would without", () => {
  const sizes = new Sizes();
  for (let i = 0; i < 400; i++) {
    sizes.learn({ size: 10, fillTime: 0 }, i);
    if (i >= 200) sizes.learn({ size: 12, fillTime: 0 }, i, { size: 10, fillTime: 0, at: i - 200 });
  }
  const alone = new Sizes();
  for (let i = 0; i < 400; i++) alone.learn({ size: 10, fillTime: 0 }, i);
  assert.ok(Math.abs(sizes.weight / alone.weight - 1) < 1e-9);
});

Deno.test("a room that grows on is found in the bin of what it came to, and in no other", () => {
  const sizes = new Sizes();
  for (let i = 0; i < 100; i++) {
    sizes.learn({ size: 3, fillTime: 1000 }, 0);
    sizes.learn({ size: 40, fillTime: 600_000 }, 0, { size: 3, fillTime: 1000, at: 0 });
  }
  assert.ok(sizes.quantile(0.05) > 30);
  assert.ok(sizes.from(0, 0).sum / sizes.from(0, 0).weight > 38);
  assert.ok(sizes.fillTime.mean > 550_000);
});

Deno.test("what is corrected after it was forgotten never makes a weight negative", () => {
  const sizes = new Sizes();
  for (let i = 0; i < 5; i++) sizes.learn({ size: 9, fillTime: 5 }, 0, { size: 4, fillTime: 3000, at: 0 });
  assert.deepEqual(sizes.stored().bins, [[0, 0], [0, 0], [0, 0], [5, 45]]);
  assert.ok(sizes.stored().fill.every((sum) => sum >= 0));
});

Deno.test("what was learned is told once", () => {
  const kinds = new Kinds(100, 10);
  learn(kinds, KIND, [5, 6, 7]);
  assert.equal(kinds.takeLearned().length, 2);
  assert.deepEqual(kinds.takeLearned(), []);
});

/** A server that reports so often, with load = base + cost × clients + noise. */
function reports(
  count: number,
  { base = 0, cost = 0.002, noise = 0, clients = (i: number) => 100 + 80 * Math.sin(i / 20) } = {},
  its = new ClientCost(),
): ClientCost {
  const random = seededRandom(3);
  for (let i = 0; i < count; i++) {
    const there = Math.round(clients(i));
    its.learn(there, Math.min(1, Math.max(0, base + cost * there + noise * (random() - 0.5))), 0.001);
  }
  return its;
}

const costs = [
  ["exactly", {}, 0.02],
  ["with noise in the loads", { noise: 0.1 }, 0.1],
  ["with a load that is there without clients", { base: 0.2 }, 0.15],
  ["with few clients", { clients: (i: number) => i % 4 }, 0.75],
] as const;

for (const [how, server, tolerance] of costs) {
  Deno.test(`the cost of a client is learned: ${how}`, () => {
    const cost = reports(300, server).perClient(0.001);
    assert.ok(Math.abs(cost / 0.002 - 1) <= tolerance, String(cost));
  });
}

Deno.test("without clients, or before the first report, a server costs what others do", () => {
  assert.equal(new ClientCost().perClient(0.005), 0.005);
  assert.equal(reports(100, { clients: () => 0 }).perClient(0.005), 0.005);
});

Deno.test("a server that restarts, or is idle for an hour, still knows what a client costs", () => {
  const cost = reports(300);
  reports(720, { clients: () => 0 }, cost);
  reports(3, { clients: (i) => 1 + i }, cost);
  assert.ok(Math.abs(cost.perClient(0.001) / 0.002 - 1) < 0.1);
});

Deno.test("a single load that is far off changes little", () => {
  const cost = reports(300);
  const before = cost.perClient(0.001);
  cost.learn(100, 1, 0.001);
  assert.ok(Math.abs(cost.perClient(0.001) / before - 1) < 0.05);
});

Deno.test("a server that becomes another one is learned anew within minutes", () => {
  const cost = reports(300);
  reports(240, { cost: 0.0005 }, cost);
  assert.ok(cost.perClient(0.001) < 0.001);
});

Deno.test("the steady load follows clients at once, the rest slowly, and is never far from what was reported", () => {
  const cost = reports(300, { noise: 0.1, clients: () => 200 });
  assert.ok(Math.abs(cost.steadyLoad(200, 0.42, 0.001) - 0.4) < 0.03);
  assert.ok(Math.abs(cost.steadyLoad(250, 0.5, 0.001) - 0.5) < 0.03);
  assert.ok(cost.steadyLoad(200, 0.9, 0.001) >= 0.75);
  assert.ok(cost.steadyLoad(0, 0, 0.001) >= 0);
  const stored = new ClientCost(cost.stored());
  assert.equal(stored.steadyLoad(200, 0.42, 0.001), cost.steadyLoad(200, 0.42, 0.001));
  const [sights, x, y, xx, xy] = cost.stored();
  const withoutRest = new ClientCost([sights, x, y, xx, xy]);
  assert.equal(
    withoutRest.steadyLoad(200, 0.42, 0.001),
    0.42,
    "stored by a version that did not keep the rest",
  );
});

Deno.test("of a kind it is known how far off what was expected of its rooms was, the latest hundred counting most", () => {
  const kinds = new Kinds(100, 10);
  const kind = { namespace: "acme", template: "match-#" };
  assert.equal(kinds.missOf(kind), undefined);
  kinds.learn(kind, { size: 4, fillTime: 0 }, 0);
  kinds.judge(kind, 10, 4);
  assert.equal(kinds.missOf(kind), 6);
  kinds.judge(kind, 4, 6);
  assert.equal(kinds.missOf(kind), 4);
  assert.equal(kinds.missOf({ namespace: "acme", template: "" }), 4, "so is that of what it is a part of");
  for (let i = 0; i < 1000; i++) kinds.judge(kind, 5, 5);
  assert.ok(kinds.missOf(kind)! < 0.01);
  kinds.forget(kind);
  assert.equal(kinds.missOf(kind), undefined);
});

Deno.test("how far off it was goes with a kind that the store says is forgotten, and stays with one that it says more of", () => {
  const kinds = new Kinds(100, 10);
  const kind = { namespace: "acme", template: "match-#" };
  kinds.learn(kind, { size: 4, fillTime: 0 }, 0);
  kinds.judge(kind, 10, 4);
  const [stored] = kinds.takeLearned().filter(({ template }) => template === kind.template);
  kinds.restore(stored!);
  assert.equal(kinds.missOf(kind), 6);
  kinds.restore({ ...kind, sizes: undefined });
  kinds.restore(stored!);
  assert.equal(kinds.missOf(kind), undefined);
});

for (
  const [kind, kept] of [
    [{ namespace: "arena", template: "match-#" }, 2],
    [{ namespace: "arena", template: "" }, 1],
    [{ namespace: "", template: "match-#" }, 2],
    [{ namespace: "", template: "" }, 1],
  ] as const
) {
  Deno.test(`a room counts once for each of what it is a part of, with the kind ${JSON.stringify(kind)}`, () => {
    const kinds = new Kinds(100, 10);
    kinds.learn(kind, { size: 40, fillTime: 30_000 }, 0);
    assert.deepEqual(
      kinds.stored().map(({ sizes }) => new Sizes(sizes).from(0, 0)),
      Array(kept).fill({ weight: 1, sum: 40 }),
    );
    // 10 clients as two rooms, and then one of 40 at each level, all rooms among them.
    const expected = Array(1 + kept).fill(0).reduce((size: number) => (40 + 2 * size) / 3, 10);
    assert.equal(kinds.estimatorFor(kind).expectedSize(0, 0), expected);
  });
}

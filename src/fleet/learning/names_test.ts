import assert from "node:assert/strict";
import fc from "../../../tests/packages/fast_check.ts";
import { KEPT_FROM, type NameHash, nameHash, Names } from "./mod.ts";

const one = nameHash("university", "course-17");
const at = (size: number, fillTime = 600_000) => ({ size, fillTime });
const close = (a: number | undefined, b: number, by: number) =>
  assert.ok(a !== undefined && Math.abs(a - b) <= by, `${a}, ${b}`);

Deno.test("the usual size of a name is that of the rooms that had it, newer ones counting more", () => {
  const names = new Names(1600);
  for (const [i, size] of [90, 110, 100, 100].entries()) names.learn(one, at(size), i);
  close(names.get(one)?.size, 100, 1);
  close(names.get(one)?.fillTime, 600_000, 1);
  for (let i = 0; i < 30; i++) names.learn(one, at(10), i);
  close(names.get(one)?.size, 10, 2);
});

Deno.test("a room that grows on counts once for its name", () => {
  const names = new Names(1600);
  names.learn(one, at(100), 0);
  names.learn(one, at(10), 1);
  names.learn(one, at(100), 2, at(10));
  close(names.get(one)?.size, 100, 1e-3);
  assert.equal(names.get(one)?.count, 2);
});

Deno.test("a name that was seen once is not kept for good, one that came back is", () => {
  const names = new Names(1600);
  names.learn(one, at(30), 0);
  assert.deepEqual(names.takeLearned(), []);
  names.learn(one, at(30), 1000);
  assert.deepEqual(names.takeLearned().map(({ known }) => known), [{
    count: KEPT_FROM,
    ...at(30),
    at: 1000,
  }]);
  assert.deepEqual(names.takeLearned(), []);
});

Deno.test("however many names there are that never come back, those that do are remembered", () => {
  const names = new Names(800);
  const back = Array.from({ length: 300 }, (_, i) => nameHash("ns", `back-${i}`));
  for (const time of [0, 1]) for (const name of back) names.learn(name, at(40), time);
  for (let i = 0; i < 20_000; i++) names.learn(nameHash("ns", `once-${i}`), at(2), 10 + i);
  const left = back.filter((name) => names.get(name) !== undefined).length;
  assert.equal(left, 300);
  assert.ok([...names].length <= 800);
});

for (const limit of [1, 7, 16, 100, 5000]) {
  Deno.test(`so many names are remembered as the limit says: ${limit}`, () => {
    const names = new Names(limit);
    for (let day = 0; day < 2; day++) {
      for (let i = 0; i < limit; i++) names.learn(nameHash("ns", `class-${i}`), at(10), day * limit + i);
    }
    assert.equal([...names].length, limit);
  });
}

Deno.test("of names that come back after more others than are remembered, each day more are known", () => {
  const names = new Names(1000);
  const known = Array.from({ length: 8 }, (_, day) => {
    for (let i = 0; i < 600; i++) {
      names.learn(nameHash("ns", `class-${i}`), at(10), day);
      names.learn(nameHash("ns", `match-${day}-${i}`), at(10), day);
    }
    return [...names].length;
  });
  assert.ok(known[1]! > 250 && known[3]! > 400 && known[7]! > 500, `${known}`);
});

Deno.test("names of one customer push out none of others, seen once or come back, however often they come back", () => {
  const names = new Names(1000);
  const others = Array.from({ length: 200 }, (_, i) => nameHash(`ns${i % 20}`, `class-${i}`));
  for (const [i, name] of others.entries()) for (let n = 0; n <= i % 2; n++) names.learn(name, at(10), 0);
  for (let pass = 1; pass < 4; pass++) {
    for (let i = 0; i < 5000; i++) {
      for (let n = 0; n < pass; n++) names.learn(nameHash("evil", `word-${i}`), at(1), pass);
    }
  }
  const left = others.filter((name) => names.get(name) !== undefined).length;
  assert.ok(left >= 199, `${left} of 200`);
});

Deno.test("names of customers that nobody vouches for push out none of others, however many such customers there are", () => {
  const names = new Names(1000);
  const others = Array.from({ length: 200 }, (_, i) => nameHash("acme", `class-${i}`));
  for (const [i, name] of others.entries()) for (let n = 0; n <= i % 2; n++) names.learn(name, at(10), 0);
  for (let pass = 1; pass < 4; pass++) {
    for (let i = 0; i < 5000; i++) {
      for (let n = 0; n < pass; n++) names.learn(nameHash(`demo_${i}`, "lobby"), at(1), pass);
    }
  }
  const left = others.filter((name) => names.get(name) !== undefined).length;
  assert.ok(left >= 199, `${left} of 200`);
  assert.notDeepEqual(nameHash("demo_1", "lobby"), nameHash("demo_2", "lobby"));
});

Deno.test("what is learned, restored and forgotten in any order is known as if there were a table of it", () => {
  const step = fc.record({
    name: fc.nat(7),
    does: fc.constantFrom("learn", "restore", "forget", "end", "tell"),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 100, size: "max" }), (steps) => {
    const names = new Names(8);
    const truth = new Map<number, number>();
    const stored = new Map<string, number>();
    const tell = () => {
      for (const { high, low, known } of names.takeLearned()) stored.set(`${high}.${low}`, known!.count);
    };
    for (const { name, does } of steps) {
      const hash = nameHash("ns", `${name}`);
      if (does === "learn") {
        names.learn(hash, at(10), 0);
        truth.set(name, Math.min(8, (truth.get(name) ?? 0) + 1));
      } else if (does === "restore") {
        names.restore({ ...hash, known: { count: 3, ...at(10), at: 0 } });
        truth.set(name, 3);
        stored.set(`${hash.high}.${hash.low}`, 3);
      } else if (does === "end") { // this one, and whichever is known of the two after it
        const meant = [name, name + 1, name + 2].map((each) => nameHash("ns", `${each}`));
        const isMeant = ({ high, low }: NameHash) =>
          meant.some((its) => its.high === high && its.low === low);
        const counts = [name, name + 1, name + 2].map((each) => truth.get(each) ?? 0);
        const { count, stored: told } = names.forget(isMeant);
        assert.equal(count, counts.filter((count) => count > 0).length);
        assert.equal(told.length, counts.filter((count) => count >= KEPT_FROM).length);
        for (const { high, low } of told) stored.delete(`${high}.${low}`);
        for (const each of [name, name + 1, name + 2]) truth.delete(each);
      } else if (does === "forget") {
        names.restore({ ...hash, known: undefined });
        truth.delete(name);
        stored.delete(`${hash.high}.${hash.low}`);
      } else tell();
    }
    tell();
    for (let name = 0; name <= 7; name++) {
      const hash = nameHash("ns", `${name}`);
      assert.equal(names.get(hash)?.count, truth.get(name));
      const count = truth.get(name) ?? 0;
      if (count >= KEPT_FROM) assert.equal(stored.get(`${hash.high}.${hash.low}`), count);
    }
    assert.equal([...names].length, [...truth.values()].filter((count) => count >= KEPT_FROM).length);
  }));
});

Deno.test("what was learned of a name is told, though another one is forgotten and a third one comes before that", () => {
  const names = new Names(4);
  const [a, b, c] = ["a", "b", "c"].map((name) => nameHash("ns", name)) as [NameHash, NameHash, NameHash];
  names.learn(a, at(10), 0);
  for (const time of [0, 1]) names.learn(b, at(10), time);
  names.restore({ ...a, known: undefined });
  names.learn(c, at(10), 2);
  assert.deepEqual(names.takeLearned().map(({ high, low }) => ({ high, low })), [b]);
});

Deno.test("a name that has to go is told to go, where the store knows it", () => {
  const names = new Names(16);
  const many = Array.from({ length: 40 }, (_, i) => nameHash("ns", `name-${i}`));
  const stored = new Set<string>();
  for (const [time, name] of many.flatMap((name, i) => [[2 * i, name], [2 * i + 1, name]] as const)) {
    names.learn(name, at(5), time);
    for (const { high, low, known } of names.takeLearned()) {
      if (known === undefined) assert.ok(stored.delete(`${high}.${low}`));
      else stored.add(`${high}.${low}`);
    }
  }
  assert.equal(stored.size, 16);
  assert.ok(names.get(many[39]!) !== undefined && names.get(many[0]!) === undefined);
});

Deno.test("what is stored of names is what is known of them, also under another limit", () => {
  const before = new Names(1600);
  for (let i = 0; i < 500; i++) before.learn(nameHash("ns", `name-${i % 100}`), at(1 + i % 100), i);
  const after = new Names(0);
  assert.equal(after.get(one), undefined);
  after.learn(one, at(3), 0);
  after.configure(3200);
  for (const name of before) after.restore(name);
  assert.deepEqual(after.takeLearned(), [], "it is stored already");
  for (const { known, ...hash } of before) assert.deepEqual(after.get(hash), known);
  after.restore({ ...nameHash("ns", "name-1"), known: undefined });
  assert.equal(after.get(nameHash("ns", "name-1")), undefined);
});

Deno.test("names that differ in anything have hashes that differ, spread over all places", () => {
  const seen = new Set<string>();
  const places = new Uint32Array(64);
  for (let i = 0; i < 50_000; i++) {
    const { high, low } = nameHash(`ns${i % 5}`, `room-${Math.floor(i / 5)}`);
    seen.add(`${high}.${low}`);
    places[low % 64]!++;
  }
  assert.equal(seen.size, 50_000);
  assert.ok(Math.min(...places) > 600 && Math.max(...places) < 1000, `${places}`);
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
    const { high, low } = nameHash(a, b);
    assert.ok(high === high >>> 0 && low === low >>> 0);
    if (a !== b) assert.notDeepEqual(nameHash(a, b), nameHash(b, a));
  }));
});

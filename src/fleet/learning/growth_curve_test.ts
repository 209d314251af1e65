import assert from "node:assert/strict";
import { AGES, GrowthCurve, type Kind, Kinds } from "./mod.ts";

const kind: Kind = { namespace: "university", template: "course-#" };
const FILLS = 480_000;

/** Clients of a room at each age until it has grown: the first at once, the others evenly, or faster, or slower. */
function path(size: number, fills = FILLS): number[] {
  return AGES.filter((age) => age <= fills).map((age) => Math.round(1 + (size - 1) * age / fills));
}

const curveOf = (...rooms: readonly (readonly [size: number, fills: number])[]) => {
  const curve = new GrowthCurve();
  for (const [size, fills] of rooms) curve.add(path(size, fills), size, 1);
  return curve;
};

const close = (a: number | undefined, b: number, by: number) =>
  assert.ok(a !== undefined && Math.abs(a - b) <= by, `${a} is not ${b}`);

Deno.test("the share of a room that has come is learned by age, also between two ages and beyond the last", () => {
  const curve = curveOf([1001, FILLS], [2001, FILLS]);
  for (const age of [AGES[0]!, 60_000, 100_000, 240_000, 400_000]) {
    close(curve.at(age)?.share, age / FILLS, 0.01);
  }
  close(curve.at(FILLS)?.share, 1, 0.001);
  close(curve.at(10 * 3_600_000)?.share, 1, 0.001);
  assert.equal(curve.at(AGES[0]! - 1), undefined);
});

Deno.test("how much growth differs from room to room is learned: not at all, or a lot", () => {
  close(curveOf([1001, FILLS], [1001, FILLS]).at(240_000)?.variance, 0, 1e-9);
  const { share, variance } = curveOf([1001, FILLS], [1001, 2 * FILLS]).at(240_000)!;
  close(share, 0.375, 0.01);
  close(variance, 0.125 ** 2, 0.001);
});

Deno.test("what few clients had come by an age tells nothing, whether of small rooms or a small share of large ones", () => {
  assert.equal(curveOf([39, FILLS]).at(240_000), undefined);
  close(curveOf([41, FILLS]).at(240_000)?.share, 0.5, 0.01);
  const slow = [1001, 100 * FILLS] as const;
  assert.equal(curveOf(slow, slow, slow).at(240_000), undefined);
  close(curveOf(slow, slow, slow, slow).at(240_000)?.share, 0.005, 1e-9);
});

Deno.test("a room that is taken back leaves what the others tell, and a curve comes through the store", () => {
  const curve = curveOf([1001, FILLS], [501, 2 * FILLS]);
  curve.add(path(501, 2 * FILLS), 501, -1);
  close(curve.at(240_000)?.share, 0.5, 1e-6);
  close(curve.at(240_000)?.variance, 0, 1e-6);
  const restored = new GrowthCurve(JSON.parse(JSON.stringify(curve.stored())));
  close(restored.at(100_000)?.share, curve.at(100_000)!.share, 1e-5);
});

Deno.test("a curve of another length, of a later version say, is as none", () => {
  assert.equal(new GrowthCurve([1, 2, 3]).at(240_000), undefined);
});

const SIZES = [20, 40, 60, 100, 200];

/** A kind of rooms of these sizes, each of which takes so long. */
function taught(sizes: readonly number[], fillsOf: (room: number) => number = () => FILLS): Kinds {
  const kinds = new Kinds(100, 10);
  for (let i = 0; i < 50; i++) {
    const size = sizes[i % sizes.length]!;
    const fills = fillsOf(Math.floor(i / sizes.length));
    kinds.learn(kind, { size, fillTime: fills, path: path(size, fills) }, i);
  }
  return kinds;
}

const expected = (kinds: Kinds, reached: number, age?: number) =>
  kinds.estimatorFor(kind).expectedSize(reached, 50, age);

Deno.test("a room that has half of its clients after half of the time is expected to come to twice as many", () => {
  const kinds = taught(SIZES);
  for (const size of SIZES) close(expected(kinds, size / 2, FILLS / 2), size, 0.1 * size);
  for (const size of SIZES) close(expected(kinds, size, FILLS), size, 0.02 * size);
  assert.ok(expected(kinds, 10) > 80, "without its age it may become a large one");
});

Deno.test("a room is told from others while a hundredth of it has come", () => {
  const kinds = taught(SIZES, () => 6_000_000);
  assert.ok(expected(kinds, 3, 60_000) > 1.3 * expected(kinds, 1, 60_000));
  assert.equal(expected(kinds, 3), expected(kinds, 1), "by its clients alone it is not");
});

Deno.test("the better it is known how rooms grow, the more their age tells", () => {
  const off = (kinds: Kinds) => Math.abs(expected(kinds, 10, FILLS / 2) - 20);
  const alike = off(taught(SIZES));
  const differing = off(taught(SIZES, (room) => FILLS * (1 + room % 2)));
  const anyhow = off(taught(SIZES, (room) => FILLS * [0.05, 1, 20][room % 3]!));
  assert.ok(alike < differing && differing < anyhow, `${alike}, ${differing}, ${anyhow}`);
});

Deno.test("of rooms that are all of one size each is expected to come to that, however fast it fills", () => {
  const kinds = taught([10], (room) => FILLS * (1 + room % 3));
  for (const reached of [1, 3, 9]) close(expected(kinds, reached, FILLS / 2), expected(kinds, reached), 1e-9);
});

Deno.test("a room is never expected to come to less than it has", () => {
  const kinds = taught(SIZES);
  for (const reached of [1, 7, 64, 200, 1000]) {
    for (const age of [0, ...AGES, 1e9]) assert.ok(expected(kinds, reached, age) >= reached);
  }
});

Deno.test("however fast a room begins, it is expected to come to little more than any did", () => {
  const kinds = taught(SIZES, () => 600_000);
  const largest = Math.max(...SIZES);
  for (const age of [15_000, 20_000, 60_000]) {
    for (let reached = 1; reached <= largest; reached++) {
      const comes = expected(kinds, reached, age);
      assert.ok(comes <= 1.3 * largest, `${reached} after ${age / 1000} s: ${comes}`);
    }
  }
});

Deno.test("how rooms grow is known after a restart, and what a room was thought to have come to is taken back", () => {
  const kinds = taught(SIZES);
  const restored = new Kinds(100, 10);
  for (const each of JSON.parse(JSON.stringify(kinds.stored()))) restored.restore(each);
  close(expected(restored, 30, FILLS / 2), expected(kinds, 30, FILLS / 2), 1e-3);

  const share = () => kinds.estimatorFor(kind).levels.at(-1)!.curve.at(240_000)!.share;
  const before = share();
  const early = { size: 100, fillTime: FILLS / 2, path: path(200).slice(0, 8), at: 50 };
  kinds.learn(kind, early, 50);
  const misled = share();
  kinds.learn(kind, { size: 200, fillTime: FILLS, path: path(200) }, 51, early);
  assert.ok(misled > before + 0.01);
  close(share(), before, 0.003);
});

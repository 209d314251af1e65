import assert from "node:assert/strict";
import type { Happening } from "../activity.ts";
import type { News } from "./news.ts";
import { Told } from "./told.ts";

const happening = (number: number): Happening => ({
  number,
  at: 0,
  sort: "fleet",
  severity: "info",
  parts: [],
});

const hello = (version: string, ...numbers: number[]): News => ({
  what: "hello",
  data: { user: null, mayChange: true, version, activity: numbers.map(happening) },
});

const numbersOf = ({ activity }: Told) => activity.map(({ number }) => number);

/** What a page knows that comes after this news. */
function later(told: Told): Told {
  const page = new Told();
  for (const news of told.again()) page.take(news);
  return page;
}

Deno.test("what happens is known once, however often it is told, also to a page that comes later", () => {
  const told = new Told();
  told.take(hello("1", ...Array.from({ length: 300 }, (_, i) => i)));
  assert.equal(numbersOf(told).length, 200);
  told.take(hello("1", 1, 2));
  told.take({ what: "activity", data: [1, 2, 3].map(happening) });
  told.take({ what: "activity", data: [3, 4].map(happening) });
  assert.deepEqual(numbersOf(told), [1, 2, 3, 4]);
  assert.deepEqual(numbersOf(later(told)), [1, 2, 3, 4]);
  for (let i = 5; i <= 600; i++) told.take({ what: "activity", data: [happening(i)] });
  assert.deepEqual([numbersOf(told).length, numbersOf(told).at(-1)], [200, 600]);
  for (let i = 601; i <= 1000; i++) {
    told.take({ what: "activity", data: [{ ...happening(i), sort: "customers" }] });
  }
  assert.deepEqual([numbersOf(told)[0], numbersOf(told).length], [401, 400], "no sort pushes out another");
});

Deno.test("rows come and go; a greeting begins anew; why nothing is told is known until something is", () => {
  const told = new Told();
  assert.deepEqual([...told.again()], []);
  told.take(hello("1"));
  told.take({ what: "rows", data: { fleet: { "": {} }, refusals: { banned: 1, full: 2 } } });
  told.take({ what: "rows", data: { refusals: { full: null, __proto__2: 3 } } });
  told.take({ what: "lost", why: "gone" });
  const page = later(told);
  assert.deepEqual([...page.rows.refusals], [["banned", 1], ["__proto__2", 3]]);
  assert.deepEqual([page.lost, page.greeting?.version], ["gone", "1"]);
  assert.equal(told.take({ what: "beat" }), false);
  assert.equal(told.lost, undefined);
  assert.equal(told.take(hello("1")), false);
  assert.equal(told.rows.refusals.size, 0);
  assert.equal(told.take(hello("2")), true, "another version of the gateway");
});

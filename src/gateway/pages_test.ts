import assert from "node:assert/strict";
import { Pages } from "./pages.ts";

function* count(
  to: number,
  fits: (i: number) => boolean = () => true,
): Generator<number | undefined, void, void> {
  for (let i = 0; i < to; i++) yield fits(i) ? i : undefined;
}

/** All entries of a list, and how many pages they came in. */
function readAll(pages: Pages<number>, walk: Generator<number | undefined, void, void>, limit: number) {
  const items: number[] = [];
  let number = 1;
  let page = pages.first(walk, limit, 0);
  items.push(...page.items);
  for (; page.cursor !== undefined; number++) {
    page = pages.next(page.cursor, limit, 0)!;
    items.push(...page.items);
  }
  return { items, pages: number };
}

Deno.test("a list comes whole, page by page", () => {
  assert.deepEqual(readAll(new Pages(), count(5), 2), { items: [0, 1, 2, 3, 4], pages: 3 });
  assert.deepEqual(readAll(new Pages(), count(0), 2), { items: [], pages: 1 });
});

Deno.test("a page looks at so many entries and no more, and is short where few fit", () => {
  let looked = 0;
  const walk = count(1_000_000, (i) => {
    looked++;
    return i === 999_999;
  });
  const pages = new Pages<number>();
  assert.deepEqual(pages.first(walk, 100, 0).items, []);
  assert.equal(looked, 10_000);
  assert.deepEqual(readAll(pages, walk, 100), { items: [999_999], pages: 100 });
});

Deno.test("the last page is answered again; an earlier one, and one that never was, are not", () => {
  const pages = new Pages<number>();
  const first = pages.first(count(10), 2, 0);
  const second = pages.next(first.cursor!, 2, 0)!;
  assert.deepEqual(pages.next(first.cursor!, 2, 0), second);
  const third = pages.next(second.cursor!, 2, 0)!;
  assert.deepEqual([second.items, third.items], [[2, 3], [4, 5]]);
  assert.equal(pages.next(first.cursor!, 2, 0), undefined);
  for (const cursor of ["", ".", "x.1", third.cursor! + "1", "__proto__.1"]) {
    assert.equal(pages.next(cursor, 2, 0), undefined, cursor);
  }
});

Deno.test("a list that nobody goes on with is given up, and so is the oldest of too many", () => {
  const pages = new Pages<number>();
  const left = pages.first(count(10), 2, 0);
  const used = pages.first(count(10), 2, 0);
  const next = pages.next(used.cursor!, 2, 500_000)!;
  assert.equal(pages.next(left.cursor!, 2, 600_000), undefined);
  assert.deepEqual(pages.next(next.cursor!, 2, 600_000)!.items, [4, 5]);
  const many = Array.from({ length: 65 }, () => pages.first(count(10), 2, 700_000));
  assert.equal(pages.next(many[0]!.cursor!, 2, 700_000), undefined);
  assert.ok(pages.next(many[1]!.cursor!, 2, 700_000));
});

import assert from "node:assert/strict";
import type { Milliseconds } from "../fleet/mod.ts";
import { type Page, Pages, type Place } from "./pages.ts";
import { AT_ONCE, EveryTurn, Texts } from "./testing.ts";

function pagesAt(now: () => Milliseconds = () => 0): Pages<string> {
  return new Pages(now, () => AT_ONCE);
}

/** So many texts, each once, in an order that is left to chance. */
function texts(count: number): string[] {
  return mixed(Array.from({ length: count }, (_, i) => `r${i}`));
}

function mixed(all: readonly string[]): string[] {
  return all.map((text) => ({ text, at: Math.random() })).sort((a, b) => a.at - b.at).map(({ text }) => text);
}

/** All pages of a list, which begins at one place, and that each page asks for by `read`. */
async function readAll(read: (from: Place | undefined, page: number) => Promise<Page<string>>) {
  const pages: (readonly string[])[] = [];
  let from: Place | undefined;
  do {
    const { items, next } = await read(from, pages.length);
    pages.push(items);
    from = next;
  } while (from !== undefined);
  return pages;
}

const lengths: readonly (readonly [count: number, limit: number, pages: number])[] = [
  [0, 2, 1],
  [2, 2, 1],
  [5, 2, 3],
  [2000, 1000, 2],
  [4000, 1000, 4],
  [10_001, 1000, 11],
];
for (const [count, limit, number] of lengths) {
  Deno.test(`a list of ${count} comes sorted, in ${number} pages of ${limit}`, async () => {
    const list = new Texts(texts(count));
    const pages = pagesAt();
    const all = await readAll((from) => pages.read(list, { limit, from }));
    assert.deepEqual(all.flat(), [...list.there].sort());
    assert.equal(all.length, number);
  });
}

Deno.test("each page may come from another gateway, with another limit, each having come to its entries by its own way", async () => {
  for (let round = 0; round < 20; round++) {
    const all = texts(Math.floor(6000 * Math.random()));
    const gateways = Array.from({ length: 3 }, () => ({ list: new Texts(mixed(all)), pages: pagesAt() }));
    const found = await readAll((from, page) => {
      const { list, pages } = gateways[page % gateways.length]!;
      return pages.read(list, { limit: 1 + Math.floor(1000 * Math.random() ** 2), from });
    });
    assert.deepEqual(found.flat(), all.toSorted());
  }
});

Deno.test("while entries come and go, whatever stays is shown exactly once, and nothing that is gone", async () => {
  for (let round = 0; round < 20; round++) {
    const stays = mixed(Array.from({ length: 3000 }, (_, i) => `s${i}`));
    const goes = mixed(Array.from({ length: 1000 }, (_, i) => `s${i}x`));
    const gateways = Array.from(
      { length: 3 },
      () => ({ list: new Texts(mixed([...stays, ...goes])), pages: pagesAt() }),
    );
    const shown: string[] = [];
    await readAll(async (from, page) => {
      const { list, pages } = gateways[Math.floor(3 * Math.random())]!;
      const read = await pages.read(list, { limit: 100, from });
      for (const text of read.items) assert.ok(list.there.has(text), text);
      shown.push(...read.items);
      for (const { list } of gateways) {
        for (const text of goes.slice(20 * page, 20 * page + 20)) list.there.delete(text);
        for (let i = 0; i < 20; i++) list.there.add(`s${Math.floor(3000 * Math.random())}n${page}`);
        const moves = stays[Math.floor(Math.random() * stays.length)]!;
        list.there.delete(moves);
        list.there.add(moves);
      }
      return read;
    });
    assert.deepEqual(shown, [...new Set(shown)].sort());
    const seen = new Set(shown);
    assert.deepEqual(stays.filter((text) => !seen.has(text)), []);
  }
});

Deno.test("what comes behind a list's beginning is not missing because another list has been collected before", async () => {
  const list = new Texts(texts(5000));
  const [one, other] = [pagesAt(), pagesAt()];
  const earlier = await one.read(list, { limit: 10 });
  await other.read(list, { limit: 10, from: earlier.next });
  list.there.add("r9999");
  const begun = await one.read(list, { limit: 10 });
  const all = await readAll((from) => other.read(list, { limit: 1000, from: from ?? begun.next }));
  assert.equal(all.flat().at(-1), "r9999");
});

Deno.test("an entry that is met twice, since it moved, is shown once", async () => {
  const list = new Texts(["b", "a", "c"]);
  list.entries = function* () {
    yield* ["b", "a", "b", "c", "a"];
  };
  const pages = pagesAt();
  for (const limit of [1, 2, 10]) {
    const all = await readAll((from) => pages.read(list, { limit, from }));
    assert.deepEqual(all.flat(), ["a", "b", "c"], `${limit}`);
  }
});

Deno.test("only what a filter means is shown, and what it means no more is left out", async () => {
  const list = new Texts(["a1", "b1", "a2", "b2", "a3"], "a");
  const pages = pagesAt();
  const first = await pages.read(list, { limit: 1 });
  assert.deepEqual(first.items, ["a1"]);
  const none = Object.assign(new Texts(list.there, "b"), { entries: list.entries });
  assert.deepEqual((await pages.read(none, { limit: 10, from: first.next })).items, []);
});

Deno.test("pages that are asked for at once, and again, are the same as one after the other", async () => {
  const list = new Texts(texts(50_000));
  const work = { due: true, letOthersPass: () => new Promise<void>((resolve) => queueMicrotask(resolve)) };
  const pages = new Pages<string>(() => 0, () => work);
  const first = await pages.read(list, { limit: 1000 });
  const sorted = [...list.there].sort();
  const from = (place: number) => ({ list: first.next!.list, after: [sorted[place]!] });
  const asked = [999, 47_000, 999, 1500, 30_000, 500, 47_100, 1100, 49_990];
  const read = await Promise.all(asked.map((place) => pages.read(list, { limit: 100, from: from(place) })));
  for (const [i, place] of asked.entries()) {
    assert.deepEqual(read[i]!.items, sorted.slice(place + 1, place + 101), `${place}`);
  }
  assert.equal(
    list.looked,
    3 * 50_000,
    "the first page, what comes behind it, and once more for the page before",
  );
});

Deno.test("a list that cannot be read fails by itself", async () => {
  const pages = pagesAt();
  const broken = Object.assign(new Texts(["a"]), {
    entries: () => {
      throw new Error("broken");
    },
  });
  const [failed, works] = await Promise.allSettled([
    pages.read(broken, { limit: 1 }),
    pages.read(new Texts(["a"]), { limit: 1 }),
  ]);
  assert.equal(failed.status, "rejected");
  assert.deepEqual(works.status === "fulfilled" && works.value.items, ["a"]);
});

Deno.test("a whole list is looked at twice, not once a page", async () => {
  const list = new Texts(texts(20_000));
  const pages = pagesAt();
  await readAll((from) => pages.read(list, { limit: 100, from }));
  assert.equal(list.looked, 40_000);
});

/** What a further page costs, in entries that are looked at. */
async function cost(pages: Pages<string>, list: Texts, from: Place | undefined): Promise<number> {
  const before = list.looked;
  await pages.read(list, { limit: 1, from });
  return list.looked - before;
}

Deno.test("what is kept of a list that nobody goes on with is given up, and the list goes on all the same", async () => {
  let now = 0;
  const pages = pagesAt(() => now);
  const list = new Texts(texts(10));
  const left = await pages.read(list, { limit: 2 });
  const used = await pages.read(list, { limit: 2 });
  now = 40_000;
  assert.equal(await cost(pages, list, used.next), 0);
  now = 60_000;
  pages.giveUp();
  assert.equal(await cost(pages, list, used.next), 0);
  assert.equal(await cost(pages, list, left.next), 10);
  assert.equal(await cost(pages, list, left.next), 0);
});

Deno.test("of too many lists the one that was asked for longest ago is given up", async () => {
  const pages = pagesAt();
  const list = new Texts(texts(10));
  const many = [];
  for (let i = 0; i < 65; i++) many.push(await pages.read(list, { limit: 2 }));
  assert.equal(await cost(pages, list, many[1]!.next), 0);
  assert.equal(await cost(pages, list, many[0]!.next), 10);
});

Deno.test("of lists with too many entries the one that was asked for longest ago is given up, and never the newest", async () => {
  const pages = new Pages<string>(() => 0, () => AT_ONCE, 2000);
  const list = new Texts(texts(1100));
  const from = (name: string) => ({ list: name, after: ["a"] });
  await pages.read(list, { limit: 1, from: from("a") });
  assert.equal(await cost(pages, list, from("a")), 0);
  await pages.read(list, { limit: 1, from: from("b") });
  assert.equal(await cost(pages, list, from("b")), 0);
  assert.equal(await cost(pages, list, from("a")), 1100);
  for (const text of texts(2100)) list.there.add(text);
  await pages.read(list, { limit: 1, from: from("c") });
  assert.equal(await cost(pages, list, from("c")), 0);
});

Deno.test("a page behind what the first one has looked for is collected anew, as others may have gone on that far", async () => {
  const pages = pagesAt();
  const list = new Texts(texts(3000));
  const sorted = [...list.there].sort();
  for (const place of [998, 999, 1000, 2000]) {
    const { next } = await pages.read(list, { limit: 10 });
    const page = await pages.read(list, { limit: 1, from: { list: next!.list, after: [sorted[place]!] } });
    assert.deepEqual(page.items, [sorted[place + 1]], `${place}`);
  }
});

Deno.test("a page that was asked for before what is kept is collected anew", async () => {
  const pages = pagesAt();
  const list = new Texts(texts(10));
  const name = crypto.randomUUID();
  await pages.read(list, { limit: 1, from: { list: name, after: ["r5"] } });
  assert.deepEqual((await pages.read(list, { limit: 1, from: { list: name, after: ["r2"] } })).items, ["r3"]);
});

Deno.test("others get their turn while all is collected, and while entries that have gone are passed over", async () => {
  const work = new EveryTurn();
  const pages = new Pages<string>(() => 0, () => work);
  const list = new Texts(texts(50_000));
  const first = await pages.read(list, { limit: 1 });
  assert.ok(work.turns >= 48, `${work.turns}`);
  await pages.read(list, { limit: 1000, from: first.next });
  const { next } = await pages.read(list, { limit: 1000, from: { list: first.next!.list, after: ["r2"] } });
  list.there.clear();
  work.turns = 0;
  assert.deepEqual(await pages.read(list, { limit: 1, from: next }), { items: [], next: undefined });
  assert.ok(work.turns >= 1000, `${work.turns}`);
});

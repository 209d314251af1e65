import assert from "node:assert/strict";
import { type Column, layOut, line, titles } from "./table.ts";
import { cut, shown, width } from "./width.ts";

interface Row {
  readonly name: string;
  readonly count: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "NAME", text: ({ name }) => name, flexible: true },
  { title: "OTHER", text: ({ name }) => name, flexible: true, leaveOut: 1 },
  { title: "COUNT", text: ({ count }) => String(count), side: "right" },
];

const NAMES = [
  "short",
  "x".repeat(300),
  "会議室".repeat(40),
  "😀".repeat(30),
  "e\u0301".repeat(90),
  "\x1b[31m\u202e\n",
];

for (const columns of [1, 5, 12, 20, 40, 80, 200]) {
  Deno.test(`no line of a table is longer than ${columns} columns, whatever the names are`, () => {
    const rows = NAMES.map((name, i) => ({ name, count: i }));
    const layout = layOut(COLUMNS, rows, columns);
    for (const text of [titles(layout), ...rows.map((row) => line(layout, row))]) {
      assert.ok(width(text) <= columns, JSON.stringify(text));
      // deno-lint-ignore no-control-regex -- that is what is looked for
      assert.doesNotMatch(text, /[\x00-\x1f\u202e]/);
    }
  });
}

Deno.test("names are shortened, then columns left out, then names shortened more", () => {
  const rows = [{ name: "n".repeat(40), count: 7 }];
  const at = (columns: number) => {
    const layout = layOut(COLUMNS, rows, columns);
    return layout.columns.map(({ column, width }) => `${column.title} ${width}`);
  };
  assert.deepEqual(at(Infinity), ["NAME 40", "OTHER 40", "COUNT 5"]);
  assert.deepEqual(at(60), ["NAME 25", "OTHER 26", "COUNT 5"]);
  assert.deepEqual(at(56), ["NAME 24", "COUNT 5"]);
  assert.deepEqual(at(20), ["NAME 13", "COUNT 5"]);
});

Deno.test("a column that can be done without is left out where it is empty", () => {
  const layout = layOut(COLUMNS, [{ name: "", count: 7 }], 80);
  assert.deepEqual(layout.columns.map(({ column }) => column.title), ["NAME", "COUNT"]);
});

Deno.test("colours take no place, and numbers stand on the right", () => {
  const columns: Column<Row>[] = [
    { title: "COUNT", text: ({ count }) => String(count), side: "right", colour: (text) => `<${text}>` },
  ];
  const layout = layOut(columns, [{ name: "", count: 7 }], 80);
  assert.deepEqual([titles(layout), line(layout, { name: "", count: 7 })], ["COUNT", "<    7>"]);
});

const widths: readonly (readonly [string, number])[] = [
  ["", 0],
  ["abc", 3],
  ["会議室", 6],
  ["😀", 2],
  ["👩‍👩‍👧", 2],
  ["e\u0301", 1],
  ["ｱ", 1],
  ["Ａ", 2],
  ["क्षि", 3],
  ["नि", 2],
  ["กำ", 2],
  ["ำ", 1],
  ["กิ", 1],
  ["\u1100\u1161\u11a8", 2],
  ["👋🏽", 2],
  ["🇩🇪", 2],
  ["1️⃣", 2],
];
for (const [text, columns] of widths) {
  Deno.test(`"${text}" is ${columns} columns wide`, () => assert.equal(width(text), columns));
}

Deno.test("texts side by side are as wide as they are alone, whatever the second begins with", () => {
  for (const [left] of widths) {
    for (const [right, columns] of widths.filter(([text]) => !/\p{Emoji}/u.test(text))) {
      assert.equal(width(`${left}  ${right}`), width(left) + 2 + columns, `${left}  ${right}`);
    }
  }
});

Deno.test("what is cut off is marked, and a wide character is never cut in two", () => {
  assert.equal(cut("abcdef", 4), "abc…");
  assert.equal(cut("会議室", 4), "会…");
  assert.equal(cut("abc", 3), "abc");
  assert.equal(cut("abc", 0), "");
  assert.equal(shown("a\x1b[2Jb"), "a\\u001b[2Jb");
});

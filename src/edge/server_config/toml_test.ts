import assert from "node:assert/strict";
import { BadToml, readToml, writeToml } from "./toml.ts";

const refused: [string, RegExp][] = [
  ["a = 2023-02-30", /line 1, column 5: there is no 2023-02-30/],
  ["x = 1\na = 2023-02-29T07:32:00Z", /line 2, column 5: there is no/],
  ["a = [2023-04-31]", /there is no/],
  ["a = 1900-02-29", /there is no/],
  ["a = 07:32:00.1234", /millisecond/],
  ["a = 1979-05-27T00:32:00.999999-07:00", /millisecond/],
  ["a = 1e400", /too large/],
  ["a = -1_0e999", /too large/],
  ['a = "\ud800"', /Unicode/],
  ['a = "\\ud800"', /line 1, column/],
  ['a = "x\u0000"', /line 1, column/],
  [`${"x.".repeat(1001)}y = 1`, /deep/],
  [`a = ${"[".repeat(20_000)}`, /./],
  [`a = ${"[".repeat(500)}${"]".repeat(500)}`, /deep/],
  [`a = ${"{b=".repeat(500)}1${"}".repeat(500)}`, /deep/],
  [Array.from({ length: 6000 }, (_, i) => `a${i} = 1`).join("\n"), /more than 5000 values/],
];
for (const [text, message] of refused) {
  Deno.test(`TOML that would change is refused: ${JSON.stringify(text.slice(0, 40))}`, () => {
    assert.throws(() => readToml(text), { name: "BadToml", message });
  });
}

const kept: [string, string][] = [
  ["a = -0.0", "a = -0.0"],
  ["a = [-0.0, 0.0]", "a = [ -0.0, 0.0 ]"],
  ["a = nan", "a = nan"],
  ["a = -inf", "a = -inf"],
  ["a = 2024-02-29", "a = 2024-02-29"],
  ["a = 2000-02-29", "a = 2000-02-29"],
  ["a = 07:32:00.120000", "a = 07:32:00.120"],
  ["a = 9223372036854775807", "a = 9223372036854775807"],
  ["a = 99999999999999999999", "a = 99999999999999999999"],
  ['a = "2023-02-30 1e400 07:32:00.123456"', 'a = "2023-02-30 1e400 07:32:00.123456"'],
  ["a = 1 # 2023-02-30", "a = 1"],
  ['a = """\n2023-02-30 "1e400\\""""', 'a = "2023-02-30 \\"1e400\\""'],
  ["2023-02-30 = 1", "2023-02-30 = 1"],
  ["__proto__ = 1", "__proto__ = 1"],
  ["[__proto__]\na = 1", "[__proto__]\na = 1"],
  ['a = "\\u0000"', 'a = "\\u0000"'],
  ["a = 1979-05-27T00:32:00-00:00", "a = 1979-05-27T00:32:00.000-00:00"],
];
for (const [text, written] of kept) {
  Deno.test(`TOML stays as it is: ${JSON.stringify(text)}`, () => {
    assert.equal(writeToml(readToml(text)).trim(), written);
  });
}

Deno.test("a text costs no more than its length, whatever it is made of", () => {
  const pieces = [
    '"""\n\\',
    '"""',
    "'''",
    '"\\',
    '\\"',
    "'",
    '"',
    "#",
    "1",
    "1.",
    "1e",
    "1_",
    "2024-01-01",
    ":00.1",
    "[",
    "a.",
    "a=",
    "=",
    "\\",
    "\n",
  ];
  const texts = pieces.flatMap((
    piece,
  ) => [piece, `${piece}a`, `${piece}\n`, `a = ${piece}`, `${piece}"`, `'${piece}`]);
  const time = (text: string) => {
    const start = performance.now();
    try {
      readToml(text);
    } catch (error) {
      assert.ok(error instanceof BadToml);
    }
    return performance.now() - start;
  };
  const size = 256 * 1024;
  time(`${"a = 1\n".repeat(1000)}`);
  const slow = texts.map((piece) => [piece, time(piece.repeat(Math.floor(size / piece.length)))] as const)
    .filter(([, milliseconds]) => milliseconds > 1000);
  assert.deepEqual(slow, []);
});

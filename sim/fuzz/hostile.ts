import type { Chance } from "../placement/chance.ts";

/** Values that programs stumble over. */
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -0,
  -1,
  0.5,
  255,
  256,
  2 ** 31,
  2 ** 53,
  2 ** 53 - 1,
  1e308,
  -1e308,
  5e-324,
  "",
  " ",
  "0",
  "\u0000",
  "\u0000x",
  "x\u0000y",
  "\ud800",
  "\udfff\ud800",
  "\ufeff",
  "\u202e",
  "\r\nX: y",
  "\u001b[2J",
  "'; DROP TABLE room;--",
  "%00%0a",
  "{",
  "}",
  "{}",
  "{a}{b}",
  "{{a}}",
  "../../etc/passwd",
  "é",
  "e\u0301",
  "ſ",
  "İ",
  "😀".repeat(256),
  "x".repeat(1024),
  "x".repeat(1025),
  "é".repeat(513),
  "__proto__",
  "constructor",
  "toString",
  "NaN",
  "Infinity",
  [],
  [[]],
  [null],
  ["", ""],
  {},
  { "": "" },
  JSON.parse('{"__proto__":{"polluted":1}}'),
  { constructor: { prototype: {} } },
  { length: 1e9 },
  { toJSON: 1 },
];

/** What a text of JSON may say that no value becomes. */
const SPELLINGS = [
  "1e999",
  "-1e999",
  "-0.0",
  "01",
  "1.",
  ".5",
  "+1",
  "0x10",
  "NaN",
  "'a'",
  "\\",
  "/**/",
  "\u2028",
  "\t",
];

/** A value that programs stumble over. */
export function hostileValue(chance: Chance): unknown {
  const kind = chance.random();
  if (kind < 0.85) return VALUES[chance.integer(0, VALUES.length - 1)];
  if (kind < 0.9) return nested(chance.integer(2, 200));
  if (kind < 0.95) {
    return new Array(chance.integer(1, 300)).fill(VALUES[chance.integer(0, VALUES.length - 1)]);
  }
  return chance.text(chance.integer(1, 40), 'abc{}[]":,\\\u0000\u00e9\ud83d\ude00.-_ ');
}

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

/** The value with one change at one place: replaced, left out, added to, or said twice. */
export function mutated(value: unknown, chance: Chance): unknown {
  if (typeof value !== "object" || value === null || chance.random() < 0.15) return hostileValue(chance);
  if (Array.isArray(value)) {
    const at = chance.integer(0, Math.max(0, value.length - 1));
    if (value.length === 0 || chance.random() < 0.2) return value.toSpliced(at, 0, hostileValue(chance));
    if (chance.random() < 0.1) return value.toSpliced(at, 1);
    if (chance.random() < 0.1) return value.toSpliced(at, 0, value[at]);
    return value.with(at, mutated(value[at], chance));
  }
  const entries = Object.entries(value);
  const at = chance.integer(0, Math.max(0, entries.length - 1));
  if (entries.length === 0 || chance.random() < 0.1) {
    return { ...value, [String(hostileValue(chance))]: hostileValue(chance) };
  }
  const [name, member] = entries[at]!;
  if (chance.random() < 0.1) return Object.fromEntries(entries.toSpliced(at, 1));
  return { ...value, [name]: mutated(member, chance) };
}

/** The text with a few characters lost, doubled or replaced. */
export function garbled(text: string, chance: Chance): string {
  const at = chance.integer(0, text.length);
  const length = chance.integer(0, 8);
  const kind = chance.random();
  const middle = kind < 0.3
    ? ""
    : kind < 0.5
    ? text.slice(at, at + length).repeat(2)
    : SPELLINGS[chance.integer(0, SPELLINGS.length - 1)]!;
  return text.slice(0, at) + middle + text.slice(at + length);
}

import assert from "node:assert/strict";
import { ago, parseSpan, showSpan, until } from "./span.ts";

const spans: readonly (readonly [string, number])[] = [
  ["90s", 90],
  ["10m", 600],
  ["1h30m", 5400],
  ["2d", 172_800],
  ["45", 45],
  ["0.5", 0.5],
];
for (const [text, seconds] of spans) {
  Deno.test(`${text} is a time of ${seconds} s`, () => assert.equal(parseSpan(text), seconds));
}

for (const text of ["", "soon", "10 m", "-5", "5x", "m", "1e3"]) {
  Deno.test(`"${text}" is no time`, () => assert.throws(() => parseSpan(text), /expected a time/));
}

Deno.test("times are shown in their two largest units", () => {
  assert.deepEqual([0, 59, 60, 3600, 5430, 90_061].map(showSpan), ["0s", "59s", "1m", "1h", "1h30m", "1d1h"]);
  const now = Date.parse("2026-11-25T12:00:00Z");
  assert.equal(ago("2026-11-25T11:58:30Z", now), "1m30s ago");
  assert.equal(until("2026-11-25T12:10:00Z", now), "in 10m");
  assert.equal(until("2026-11-25T11:59:59Z", now), "over");
});

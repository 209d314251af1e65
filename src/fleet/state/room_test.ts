import { groupName } from "../ids.ts";
import assert from "node:assert/strict";

const together = [
  ["lobby", "lobby", "a plain name is its own group"],
  ["{m7}-red", "team-{m7}", "text in braces is the group"],
  ["a{m7}{x}", "b{m7}{y}", "only the first braces count"],
] as const;

for (const [a, b, why] of together) {
  Deno.test(`rooms share a group: ${why}`, () => assert.equal(groupName(a), groupName(b)));
}

const apart = [
  ["a{}", "b{}", "empty braces mean nothing"],
  ["a{m7", "b{m7", "unclosed braces mean nothing"],
  ["a}m7{", "b}m7{", "closing before opening means nothing"],
] as const;

for (const [a, b, why] of apart) {
  Deno.test(`rooms have groups of their own: ${why}`, () => assert.notEqual(groupName(a), groupName(b)));
}

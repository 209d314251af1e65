import assert from "node:assert/strict";
import { mutants } from "./list.ts";
import { mutate, suiteOf } from "./mutant.ts";

const mutant = { file: "src/fleet/x.ts", find: "a < b", put: "a <= b", breaks: "a boundary" };

Deno.test("a mutant puts one text in the place of another", () => {
  assert.equal(mutate("if (a < b) {", mutant), "if (a <= b) {");
});

for (const [source, times] of [["b > a", "not at all"], ["a < b && a < b", "2 times"]] as const) {
  Deno.test(`a mutant whose text occurs ${times} is said to be out of date`, () => {
    assert.throws(() => mutate(source, mutant), new RegExp(`fleet/x\\.ts.*a boundary.*${times}`));
  });
}

Deno.test("every mutant fits the code as it is, has tests that answer for it, and a description of its own", () => {
  for (const each of mutants) {
    mutate(Deno.readTextFileSync(new URL(`../${each.file}`, import.meta.url)), each);
    suiteOf(each);
  }
  assert.equal(new Set(mutants.map(({ breaks }) => breaks)).size, mutants.length);
});

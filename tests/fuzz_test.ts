import assert from "node:assert/strict";
import { Fuzzer } from "../sim/fuzz/fuzzer.ts";
import { TemporaryFolder } from "../sim/program.ts";

/** `deno task fuzz` does the same for longer. */
const SECONDS = 4;

Deno.test("calls, tokens, configurations and bytes that are wrong are refused in good order", async () => {
  using folder = new TemporaryFolder();
  const seed = Math.ceil(Math.random() * 1e9);
  const { calls, codes, faults } = await new Fuzzer(folder.path, seed).run(SECONDS);
  assert.deepEqual(faults, [], `with the seed ${seed}`);
  assert.ok(calls > 1000 && codes.size > 8, `${calls} calls, and answers ${[...codes.keys()]}`);
  assert.ok(codes.get(0)! > calls / 20, "hardly any call was right");
});

import assert from "node:assert/strict";
import { RpcError } from "../errors.ts";
import { BatchAnswer } from "./batch_answer.ts";
import { Turns } from "./turns.ts";
import { mappedInSlices, Written, written } from "./written.ts";

const long = Array.from({ length: 1000 }, (_, i) => ({ i, text: `"${i}"\n`, none: undefined }));

const results: readonly object[] = [
  {},
  { a: 1, b: undefined, c: null, 'd"': "\u2028" },
  { empty: [], list: long, cursor: null },
  { odd: [...long.slice(0, 63), undefined, () => 1, Infinity, new Date(0), [long]] },
];

for (const [i, result] of results.entries()) {
  Deno.test(`a result is written in slices as it would be in one go (${i})`, async () => {
    assert.equal((await written(result)).json, JSON.stringify(result));
  });
}

Deno.test("long lists let others pass, in the order of their entries", async () => {
  let turns = 0;
  const work = { due: true, letOthersPass: () => Promise.resolve(void turns++) };
  const shown = await mappedInSlices(long, ({ i }) => ({ i }), work);
  assert.deepEqual(shown.map(({ i }) => i), long.map(({ i }) => i));
  await written({ shown }, work);
  assert.ok(turns >= 2 * 1000 / 64 - 2, `${turns}`);
});

Deno.test("the answer to a batch takes a first result of any size, and ends where a further one is too much", () => {
  const small = new Written("x".repeat(1000));
  const large = new Written("x".repeat(20_000_000));
  const alone = new BatchAnswer();
  alone.take(large);
  assert.throws(() => alone.mustTakeMore(), tooLong);
  const several = new BatchAnswer();
  several.take(small);
  several.mustTakeMore();
  several.take(small);
  assert.throws(() => several.take(large), tooLong);
  assert.throws(() => several.mustTakeMore(), tooLong);
  const bytes = new BatchAnswer();
  bytes.take(small);
  assert.throws(() => bytes.take(new Written("€".repeat(3_000_000))), tooLong, "bytes count, not characters");
});

const tooLong = (error: unknown) => error instanceof RpcError && error.kind === "answerTooLong";

Deno.test("dear calls are made one at a time, one that fails keeps nobody waiting, and not too many wait", async () => {
  const turns = new Turns();
  let inside = 0;
  const made: number[] = [];
  const make = (i: number) => async () => {
    assert.equal(++inside, 1);
    await new Promise((resolve) => setTimeout(resolve, 0));
    inside--;
    if (i === 1) throw new Error("no");
    made.push(i);
  };
  const calls = Array.from({ length: 17 }, (_, i) => turns.take(make(i)));
  await assert.rejects(turns.take(make(17)), /too many calls of this method wait/);
  const ended = await Promise.allSettled(calls);
  assert.deepEqual(made, calls.map((_, i) => i).filter((i) => i !== 1));
  assert.equal(ended[1]!.status, "rejected");
  await turns.take(make(18));
});

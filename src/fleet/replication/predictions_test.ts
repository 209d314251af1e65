import assert from "node:assert/strict";
import type { Change } from "../mod.ts";
import { address } from "../testing.ts";
import { Predictions } from "./predictions.ts";

const group = { namespace: "acme", group: "r", server: address("a") };
const opened = (customer: string): Change => ({
  type: "room-opened",
  ...{ room: ["acme", "r"], server: address("a"), customer, listed: false },
});
const closed: Change = { type: "room-closed", room: ["acme", "r"], server: address("a") };
const placed: Change = { type: "group-placed", ...group };
const released: Change = { type: "group-released", ...group };

Deno.test("what the store says in place of a refused change means nothing once a later one about the same is accepted", () => {
  const predictions = new Predictions();
  predictions.begin([opened("acme")]);
  predictions.begin([closed, released]);
  assert.deepEqual(predictions.end([opened("acme")], [placed, opened("other")]), []);
  assert.deepEqual(predictions.end([closed, released], []), []);
  assert.deepEqual(predictions.others([placed]), [placed], "nothing is held back any more");
});

Deno.test("what the store says in place of a refused change is followed once a later one about the same is refused or dropped", () => {
  for (const over of ["refused", "dropped"]) {
    const predictions = new Predictions();
    predictions.begin([opened("acme")]);
    predictions.begin([closed, released]);
    assert.deepEqual(predictions.end([opened("acme")], [placed, opened("other")]), []);
    const left: readonly Change[] = over === "dropped"
      ? predictions.drop([closed, released])
      : predictions.end([closed, released], [placed, opened("newer")]);
    const instead: Change[] = over === "dropped" ? [] : [placed, opened("newer")];
    assert.deepEqual(left, [placed, opened("other"), ...instead]);
  }
});

Deno.test("what others have changed is held back by what is on its way about the same, and by nothing else", () => {
  const predictions = new Predictions();
  predictions.begin([placed]);
  const elsewhere: Change = { type: "group-placed", namespace: "acme", group: "s", server: address("b") };
  assert.deepEqual(predictions.others([released, elsewhere, closed]), [elsewhere]);
  assert.deepEqual(
    predictions.end([placed], []),
    [closed],
    "the place is this gateway's, the room is what others made it",
  );
});

import assert from "node:assert/strict";
import { join } from "node:path";
import { TemporaryFolder } from "../sim/program.ts";
import { appendHistory, type Circumstances, disturbance, historyLine } from "./history.ts";

const ABOUT: Circumstances = {
  date: "2026-11-29T20:00:00.000Z",
  commit: "186be3f01234",
  machine: "vm",
  cpu: "AMD EPYC",
  cores: 2,
  load: 0.2,
  deno: "2.9.6",
};

Deno.test("a run is one line of the history, after those before it, with the machine that it was on", () => {
  using folder = new TemporaryFolder();
  const file = join(folder.path, "history.jsonl");
  const row = { name: "a ÷ b", value: 0.123456, unit: "×", figures: { "a ms": "1.0" } };
  for (const value of [0.123456, 520.04]) appendHistory(historyLine(ABOUT, [{ ...row, value }]), file);
  const lines = Deno.readTextFileSync(file).trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(lines, [0.123, 520].map((value) => ({ ...ABOUT, rows: [{ ...row, value }] })));
});

Deno.test("a run on a busy machine is not kept", () => {
  assert.equal(disturbance(ABOUT), undefined);
  assert.match(disturbance({ ...ABOUT, load: 1.4 })!, /busy.*load 1\.4/);
});

import assert from "node:assert/strict";
import { Counters } from "./counters.ts";

const refusal = {
  call: "a call",
  cause: "c",
  reason: "r",
  address: "192.0.2.1",
  internal: false,
  customer: undefined,
} as const;
const caller = { address: "192.0.2.1", internal: false, by: "key", role: undefined, customer: "acme" };
const connect = { method: "Connect", params: {}, caller, error: undefined, duration: 1 } as const;

Deno.test("refusals are counted by cause, those of requests that never became calls too, and those of other methods and of operators not", () => {
  const counters = new Counters();
  counters.observer({ ...connect, outcome: "success" });
  counters.observer({ ...connect, outcome: "rejected" });
  counters.refused({ ...refusal, method: "Connect", kind: "banned" });
  counters.refused({ ...refusal, method: undefined, kind: "unauthorized" });
  counters.refused({ ...refusal, method: undefined, kind: "unauthorized" });
  counters.refused({ ...refusal, method: "RoomClose", kind: "forbidden" });
  counters.refused({ ...refusal, method: undefined, kind: "unauthorized", internal: true });
  const { grants, refusals } = counters.take(2);
  assert.equal(grants, 0.5);
  assert.deepEqual([...refusals], [["banned", 0.5], ["unauthorized", 1]]);
  assert.deepEqual([...counters.take(1).refusals], []);
});

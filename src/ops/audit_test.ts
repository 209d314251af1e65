import assert from "node:assert/strict";
import { z } from "zod";
import fc from "../../tests/packages/fast_check.ts";
import { RpcError } from "../edge/errors.ts";
import { type AuditedCall, type AuditRecord, createAudit } from "./audit.ts";
import { type AuditedParams, auditParams } from "./audit_params.ts";

const TEXT = z.string();
const KNOWN: AuditedParams = { room_id: TEXT, room: z.tuple([TEXT, TEXT]), message: "payload" };
const BACKEND = { address: "203.0.113.7", internal: false, by: "k1", role: undefined, customer: "acme" };

function recordOf(call: Partial<AuditedCall>): AuditRecord | undefined {
  let record: AuditRecord | undefined;
  const audit = createAudit({
    log: "off",
    shows: () => false,
    shown: (method) => method === "RoomClose" ? { room_id: TEXT, ban_time: z.number() } : undefined,
    write: (its) => record = its,
    unixTime: () => 0,
  });
  audit({ method: "RoomClose", params: {}, caller: BACKEND, outcome: "success", error: undefined, ...call });
  return record;
}

Deno.test("a record says who called what, from where, and how it ended", () => {
  assert.deepEqual(recordOf({ params: { room_id: "lobby", ban_time: 60 } }), {
    time: "1970-01-01T00:00:00.000Z",
    address: "203.0.113.7",
    role: "customer",
    by: "k1",
    customer: "acme",
    method: "RoomClose",
    params: { room_id: "lobby", ban_time: 60 },
    outcome: "success",
    error: undefined,
  });
});

Deno.test("a refused call says why, and a fault of ours no more than that it was one", () => {
  const refused = recordOf({
    outcome: "rejected",
    error: new RpcError("roomNotFound", "no server for room found"),
  });
  assert.deepEqual(refused?.error, { code: -32003, message: "no server for room found" });
  const failed = recordOf({ outcome: "failure", error: new Error("secret detail") });
  assert.deepEqual(failed?.error, { message: "internal error" });
});

for (
  const [caller, role] of [[{ role: "operator", by: "ann" }, "operator"], [{ by: undefined }, "any"]] as const
) {
  Deno.test(`the role of an internal caller is the user's: ${role}`, () => {
    const whole = { ...BACKEND, role: undefined, ...caller, internal: true, customer: undefined };
    assert.equal(recordOf({ method: "server.Drain", caller: whole })?.role, role);
  });
}

Deno.test("what clients and servers do all day is not recorded, and a server that fetches its key is", () => {
  for (const method of ["Connect", "sfu.Report", "SubmitReport"]) {
    assert.equal(recordOf({ method }), undefined);
  }
  for (const method of ["sfu.GridConfig", "GetConfig", "Info"]) assert.ok(recordOf({ method }));
});

const SECRET = "TOPSECRET";
const PARAMS: [unknown, unknown, string][] = [
  [{ room_id: "r", message: [1, 2, 3] }, { room_id: "r", message: { items: 3 } }, "a payload"],
  [{ message: SECRET }, { message: { characters: 9 } }, "a payload that is text"],
  [{ room: ["ns", "r"] }, { room: ["ns", "r"] }, "a room by namespace and name"],
  [{ room: ["ns", [SECRET]] }, { room: { items: 2 } }, "what the schema refuses"],
  [{ room_id: { a: SECRET } }, { room_id: { members: 1 } }, "an object for a name"],
  [{ room_id: "x".repeat(2000) }, { room_id: `${"x".repeat(1024)}…` }, "a long text"],
  [{ mesage: [SECRET], [SECRET]: 1, room_id: "r" }, { room_id: "r", "…": 2 }, "members that there are not"],
  [["r", [SECRET]], { items: 2 }, "params by position"],
  [SECRET, { characters: 9 }, "no params"],
  [{ constructor: SECRET, __proto__: { room_id: SECRET } }, { "…": 1 }, "what every object has"],
];
for (const [params, shown, what] of PARAMS) {
  Deno.test(`params in a record: ${what}`, () => assert.deepEqual(auditParams(params, KNOWN), shown));
}

Deno.test("whatever the params are, a record of them is short, and has no text that no schema knows", () => {
  const secret = fc.jsonValue({ maxDepth: 5, stringUnit: fc.constantFrom(..."§$") });
  fc.assert(fc.property(secret, fc.boolean(), (params, known) => {
    const text = JSON.stringify(auditParams(params, known ? { a: z.int() } : undefined)) ?? "";
    assert.ok(text.length < 100 && !/[§$]/.test(text), text);
  }));
});

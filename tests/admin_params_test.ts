import assert from "node:assert/strict";
import { refusedWith, TestGateway } from "./gateway.ts";

/** Params of which one is misspelt, or made up, and what the answer says about it. */
const MISSPELT: readonly (readonly [method: string, params: object, says: RegExp])[] = [
  ["ban.Lift", { room_id: ["acme", "r"], user: "eve" }, /^user: .* mean user_id\?$/],
  ["ban.Lift", { room_id: ["acme", "r"], userId: "eve" }, /^userId: .* mean user_id\?$/],
  ["kind.Forget", { namespce: "acme" }, /^namespce: .* mean namespace\?$/],
  ["server.Drain", { address: "sfu:1", dead_line: 600 }, /^dead_line: .* mean deadline\?$/],
  ["server.Forget", { address: "sfu:1", force: true }, /^force: no such param; the method takes address$/],
  ["room.Close", { room_id: ["acme", "r"], banTime: 600 }, /^banTime: .* mean ban_time\?$/],
  ["room.List", { name: "acme" }, /^name: no such param; the method takes namespace, customer, server, /],
  ["customer.List", { Prefix: "a" }, /^Prefix: .* mean prefix\?$/],
  ["task.List", { sever: "sfu:1" }, /^sever: .* mean server\?$/],
  ["config.Reload", { dryRun: true }, /^dryRun: no such param; the method takes none$/],
  ["log.SetLevel", { level: "DEBUG", for: 60 }, /^for: no such param; the method takes level$/],
];

Deno.test("a param that a method for operators does not take is refused, and nothing is done", async (t) => {
  await using gateway = await TestGateway.start();
  await gateway.report("sfu:1", [{ name: "r", peers: 1 }]);
  await gateway.internal("room.Close", { room_id: ["acme", "r"], ban_time: 600 });
  for (const [method, params, says] of MISSPELT) {
    await t.step(`${method} ${JSON.stringify(params)}`, async () => {
      await refusedWith(gateway.internal(method, params), -32602, says);
    });
  }
  const { bans } = await gateway.internal<{ bans: { until: string }[] }>("ban.List", {});
  assert.equal(bans.length, 1, "the ban of the room holds");
  const { draining } = await gateway.internal<{ draining: unknown }>("server.Show", { address: "sfu:1" });
  assert.equal(draining, null);
});

Deno.test("every method for operators refuses a param that it does not take, Info aside", async () => {
  await using gateway = await TestGateway.start();
  const { methods } = await gateway.internal<{ methods: { name: string }[] }>("rpc.discover", {});
  for (const { name } of methods.filter(({ name }) => name !== "Info")) {
    await refusedWith(
      gateway.internal(name, { nothing_like_it: 1 }),
      -32602,
      /^nothing_like_it: no such param/,
    );
  }
});

Deno.test("what today's gateway takes is taken: its methods ignore params that they do not know", async () => {
  await using gateway = await TestGateway.start();
  const odd = { more: { of: ["it"] } };
  const report = { public_endpoint: "sfu:1", version: "1", load: 0, clients: 0, rooms: [], server: "grid" };
  await gateway.internal("sfu.Report", { ...report, ...odd });
  await gateway.internal("GetConfig", { version: "1", config: "", server: "grid", ...odd });
  await gateway.internal("Info", odd);
  await gateway.call("Connect", "r", "alice", odd);
  await gateway.call("RoomClose", "r", "backend", { room_id: "r", ...odd });
});

Deno.test("names of params that are refused come back cut, and only a few of them", async () => {
  await using gateway = await TestGateway.start();
  const names = Array.from({ length: 5000 }, (_, i) => [`x${i}`.padEnd(30, "y"), 1]);
  const { message } = await refusedWith(
    gateway.internal("ban.List", { [`user${"!".repeat(10_000)}`]: 1, ...Object.fromEntries(names) }),
    -32602,
    /^user!/,
  );
  assert.ok(message.length < 300);
});

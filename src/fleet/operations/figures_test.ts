import assert from "node:assert/strict";
import { figures, manage, plan } from "../mod.ts";
import { address, ask, hear, testModel } from "../testing.ts";

Deno.test("the figures are those of the model: servers with their state, customers with their licence", () => {
  const model = testModel();
  hear(model, "a", [["r", 5, 100]], 0);
  hear(model, "b", [], 1000, "eu");
  const licence = { maxPeers: 9, maxRooms: 2 };
  assert.ok(ask(model, "r", "u", 1000, { licence }).granted);
  manage(model, { task: { task: "RoomUpdate", id: ["acme", "r"], user_data: [] } }, 1000);
  plan(model, address("b"), { weight: 0, draining: undefined });
  const its = figures(model, 10);
  const [a, b] = its.servers;
  assert.ok(a !== undefined && b !== undefined);
  assert.equal(its.servers.length, 2);
  assert.deepEqual([a.address, a.pool, a.state], [address("a"), "default", "open"]);
  assert.deepEqual([b.address, b.pool, b.state], [address("b"), "eu", "weight 0"]);
  assert.deepEqual([a.clients, a.rooms, a.grants, a.tasks, a.lastSeen], [5, 1, 1, 1, 0]);
  assert.ok(a.expectedLoad > a.load, "who is on the way counts");
  assert.ok(Number.isFinite(b.expectedLoad), "without a weight too");
  assert.deepEqual(its.customers, [{ customer: "acme", peers: 6, rooms: 1, ...licence }]);
  assert.deepEqual([its.others, its.unvouched], [{ peers: 0, rooms: 0 }, { peers: 0, rooms: 0 }]);
  assert.deepEqual([its.rooms, its.unlistedRooms, its.bans], [1, 0, 0]);
  assert.ok(its.taskBytes > 0);
});

Deno.test("the figures say of a server that it drains, or is silent", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  plan(model, address("a"), { weight: 1, draining: { deadline: undefined } });
  assert.equal(figures(model, 10).servers[0]?.state, "draining");
  model.servers.get(address("a"))!.liveness.end();
  assert.equal(figures(model, 10).servers[0]?.state, "silent");
});

Deno.test("so many customers are told one by one, the rest together, those that nobody vouches for apart", () => {
  const model = testModel();
  hear(model, "a", [], 0);
  for (const [i, customer] of ["demo_x", "b", "c", "d", "demo_y", "e"].entries()) {
    assert.ok(ask(model, `room ${i}`, "u", 0, { customer }).granted);
  }
  const { customers, others, unvouched } = figures(model, 2);
  assert.deepEqual(customers.map(({ customer }) => customer), ["b", "c"]);
  assert.deepEqual([others, unvouched], [{ peers: 2, rooms: 2 }, { peers: 2, rooms: 2 }]);
});

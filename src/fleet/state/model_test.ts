import assert from "node:assert/strict";
import { address, SETTINGS } from "../testing.ts";
import { defaultFleetSettings } from "../settings.ts";
import { addServer, configure, createModel } from "./model.ts";

const limits = defaultFleetSettings().limits;

/** A task that waits, of a size. */
const task = (sequence: number) => ({
  sequence,
  kind: "RoomUpdate" as const,
  room: ["ns", "r"] as const,
  customer: "acme",
  json: "x".repeat(100),
  expires: 1000,
});

Deno.test("configure: each limit holds from then on, and what is there already stays", () => {
  const model = createModel({ ...SETTINGS, limits });
  const server = addServer(model, address("a"), "default", 0);
  for (const sequence of [1, 2, 3]) server.tasks.add(task(sequence));
  const ban = (user: string) => ({ room: ["ns", "r"] as const, user, customer: "acme", until: 1000 });
  model.bans.set(ban("u"), 0);
  const template = (n: number) => ({ namespace: "ns", template: `kind-${n}` });
  for (let n = 0; n < 30; n++) model.kinds.learn(template(n), { size: 5, fillTime: 0 }, 0);
  assert.ok(server.tasks.admits("acme", 100) && model.bans.hasRoomFor(ban("v"), 0));
  const share = { customerShare: 0.0001 };
  const lower = {
    ...limits,
    ...share,
    tasksPerServer: 3,
    bans: 1,
    kinds: 10,
    taskBytes: 1,
    unlistedRooms: 1,
  };
  configure(model, { ...SETTINGS, limits: lower });
  assert.equal(server.tasks.size, 3);
  assert.equal(server.tasks.admits("acme", 100), false);
  assert.equal(model.bans.size, 1);
  assert.equal(model.bans.hasRoomFor(ban("v"), 0), false);
  assert.equal(model.kinds.size, 10, "the kinds used longest ago are forgotten");
  assert.equal(model.taskBytes.limit, 1);
  assert.equal(model.unlistedUnits.limit, 1);
  assert.equal(model.settings.limits.servers, limits.servers);
  configure(model, { ...SETTINGS, limits });
  assert.ok(server.tasks.admits("acme", 100) && model.bans.hasRoomFor(ban("v"), 0));
});

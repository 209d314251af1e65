import assert from "node:assert/strict";
import { TemporaryFolder } from "../sim/program.ts";
import type { ConnectInput } from "./fleet/mod.ts";
import { address, SETTINGS } from "./fleet/testing.ts";
import { Gateway } from "./gateway.ts";
import { SqliteStore } from "./store/sqlite.ts";

const HOUR = 3_600_000;

const input: ConnectInput = {
  customer: "acme",
  licence: { maxPeers: Infinity, maxRooms: Infinity },
  namespace: "acme",
  rooms: ["r"],
  user: "u",
  pool: "default",
};

/** A gateway on a real store, with clocks that the test sets. */
function gatewayWithClocks(folder: string, clock: { now: number; unix: number }): Gateway {
  return new Gateway(SETTINGS, {
    openStore: (options) => new SqliteStore(folder, options),
    waitForReports: false,
    now: () => clock.now,
    unixTime: () => clock.unix,
  });
}

const report = (gateway: Gateway) =>
  gateway.report({ address: address("a"), pool: "default", version: "1", load: 0, clients: 0, rooms: [] });
const ban = (gateway: Gateway) =>
  gateway.manage({
    task: { task: "RoomClose", id: ["acme", "banned"], ban_time: { secs: 1800, nanos: 0 } },
    banTime: HOUR / 2,
  });

for (const jump of [HOUR, -HOUR]) {
  Deno.test(`a wall clock that jumps by ${jump / HOUR} h disables no server and neither lifts nor prolongs a ban`, async () => {
    using folder = new TemporaryFolder();
    const clock = { now: 0, unix: 1_700_000_000_000 };
    const gateway = gatewayWithClocks(folder.path, clock);
    await report(gateway);
    assert.equal(await ban(gateway), "accepted");
    clock.unix += jump;
    clock.now += 1000;
    gateway.start();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok((await gateway.connect(input)).granted, "the server was disabled");
    const refused = await gateway.connect({ ...input, rooms: ["banned"] });
    assert.ok(!refused.granted && refused.reason === "banned");
    clock.now = HOUR / 2;
    await report(gateway);
    assert.ok((await gateway.connect({ ...input, rooms: ["banned"] })).granted);
    await gateway.stop();
  });
}

Deno.test("a ban holds over a restart until its end by the wall clock", async () => {
  using folder = new TemporaryFolder();
  const clock = { now: 5_000_000, unix: 1_700_000_000_000 };
  const before = gatewayWithClocks(folder.path, clock);
  assert.equal(await ban(before), "accepted");
  await before.stop();
  clock.now = 0;
  clock.unix += HOUR / 4;
  const after = gatewayWithClocks(folder.path, clock);
  await report(after);
  const refused = await after.connect({ ...input, rooms: ["banned"] });
  assert.ok(!refused.granted && refused.reason === "banned");
  clock.now = HOUR / 4;
  assert.ok((await after.connect({ ...input, rooms: ["banned"] })).granted);
  await after.stop();
});

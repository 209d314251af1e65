import assert from "node:assert/strict";
import { TemporaryFolder } from "../sim/program.ts";
import type { ConnectInput } from "./fleet/mod.ts";
import { address, SETTINGS } from "./fleet/testing.ts";
import { Gateway } from "./gateway.ts";
import { createNoStore } from "./store/no_store.ts";
import { SqliteStore } from "./store/sqlite.ts";
import type { StoreOptions } from "./store/store.ts";

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

Deno.test("what another gateway did, as the store tells it, is served and told like one's own", async () => {
  let others: StoreOptions["others"] | undefined;
  const gateway = new Gateway(SETTINGS, {
    openStore: (options) => {
      ({ others } = options);
      return createNoStore(options);
    },
    waitForReports: false,
  });
  const told: string[] = [];
  gateway.onChange(({ type }) => told.push(type));
  const server = address("a");
  others!([
    { type: "server-appeared", server, pool: "default", version: "1" },
    {
      type: "server-reported",
      server,
      pool: "default",
      version: "1",
      load: 0.1,
      clients: 0,
      cost: [0, 0, 0, 0, 0],
      usage: [],
    },
    { type: "group-placed", namespace: "acme", group: "r", server },
    { type: "room-opened", room: ["acme", "r"], customer: "acme", server, listed: false },
    { type: "banned", ban: { room: ["acme", "r"], user: "banned", until: Infinity } },
  ]);
  assert.deepEqual(told, ["server-appeared", "server-reported", "group-placed", "room-opened", "banned"]);
  const outcome = await gateway.connect(input);
  assert.ok(outcome.granted && outcome.server === server);
  const refused = await gateway.connect({ ...input, user: "banned" });
  assert.ok(!refused.granted && refused.reason === "banned");
  await gateway.stop();
});

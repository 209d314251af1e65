import assert from "node:assert/strict";
import type { Address } from "../fleet/mod.ts";
import { address, SETTINGS } from "../fleet/testing.ts";
import { NO_STORE } from "../store/no_store.ts";
import { Gateway } from "./gateway.ts";

const ROOMS = 30_000;

Deno.test("all rooms are shown in slices: rooms come and go meanwhile, and what stays is there once", async () => {
  const gateway = await Gateway.open(SETTINGS, {
    openStore: () => Promise.resolve(NO_STORE),
    waitForReports: false,
  });
  const report = (server: Address, names: readonly string[]) => {
    const rooms = names.map((name) => ({
      id: ["acme", name] as const,
      customer: "acme",
      peers: 1,
    }));
    return gateway.report(
      { address: server, pool: "default", version: "1", load: 0, clients: 1, rooms },
      true,
    );
  };
  const name = (i: number) => `r${i}`;
  const stay = Array.from({ length: ROOMS }, (_, i) => name(i));
  await report(address("a"), stay);
  await report(address("b"), ["moves", "ends"]);
  let changes = 0;
  let isOver = false;
  const shown = gateway.info().finally(() => isOver = true);
  while (!isOver) {
    await new Promise((resolve) => setTimeout(resolve, 0));
    changes++;
    await report(address("b"), [`new${changes}`]);
  }
  assert.ok(changes > 1, "nobody could do anything meanwhile");
  const { servers, rooms } = await shown;
  const counts = Map.groupBy(rooms, ({ id }) => id[1]);
  for (const room of stay) assert.equal(counts.get(room)?.length, 1, room);
  assert.ok([...counts.values()].every((same) => same.length === 1));
  const known = new Set(servers.map(({ address }) => address));
  assert.ok(rooms.every(({ server }) => known.has(server)));
  await gateway.stop();
});

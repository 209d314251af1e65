import { createModel, info, type Report, report } from "../src/fleet/mod.ts";
import { SETTINGS } from "../src/fleet/testing.ts";
import { reportParams } from "./fleet_report.ts";

/**
 * Fills a model by reports of 5,000 rooms, and prints the heap that a room takes, in bytes. Run in a process of its
 * own with `--v8-flags=--expose-gc`; the argument is how many rooms.
 */
const rooms = Number(Deno.args[0]);
const PER_SERVER = 5000;

const model = createModel({ ...SETTINGS, limits: { ...SETTINGS.limits, servers: 1e6 } });
const before = heap();
for (let server = 0; server < rooms / PER_SERVER; server++) {
  // Through JSON, so that strings are what they are in a gateway.
  const params = JSON.parse(JSON.stringify(reportParams(server, PER_SERVER)));
  report(model, { ...params, address: params.public_endpoint, pool: "default" } as Report, server);
}
const after = heap();
if (info(model).rooms.length !== rooms) throw new Error("rooms are missing");
console.log(((after - before) / rooms).toFixed(1));

function heap(): number {
  for (let i = 0; i < 3; i++) (globalThis as unknown as { gc(): void }).gc();
  return Deno.memoryUsage().heapUsed;
}

import assert from "node:assert/strict";
import { defaultFleetSettings, forecast, strategies } from "../../src/fleet/mod.ts";
import { generate } from "./generate.ts";
import { scenarios } from "./scenarios.ts";
import type { Workload } from "./workload.ts";
import { World } from "./world.ts";

const MINUTE = 60_000;

/** Clients that want to be in rooms at a time. */
function clientsAt({ rooms }: Workload, at: number): number {
  let clients = 0;
  for (const { joins, leaves } of rooms) {
    for (const [i, join] of joins.entries()) if (join <= at && leaves[i]! > at) clients++;
  }
  return clients;
}

Deno.test("a forecast of simulated arrivals, which double and halve within hours, is nearer than what is there now", () => {
  const workload = generate(scenarios.day, 0.6, 1);
  const seen: { readonly at: number; readonly clients: readonly number[] }[] = [];
  const contender = {
    name: "test",
    about: "",
    placement: () => ({ choose: strategies.expected }),
    granted: ({ model, now }: World) => {
      if (now < 40 * MINUTE || now < (seen.at(-1)?.at ?? 0) + 5 * MINUTE) return;
      seen.push({ at: now, clients: forecast(model, 0.75)[0]!.ahead.map(({ clients }) => clients) });
    },
  };
  new World(workload, contender, defaultFleetSettings(), 1).run();
  for (const [i, minutes] of [[1, 10], [2, 30]] as const) {
    let [forecastOff, nowOff, count] = [0, 0, 0];
    for (const { at, clients } of seen.filter(({ at }) => at + minutes * MINUTE < workload.end)) {
      const came = clientsAt(workload, at + minutes * MINUTE);
      forecastOff += Math.abs(clients[i]! - came) / came;
      nowOff += Math.abs(clients[0]! - came) / came;
      count++;
    }
    assert.ok(
      forecastOff < nowOff,
      `in ${minutes} minutes: off by ${forecastOff / count}, now ${nowOff / count}`,
    );
  }
});

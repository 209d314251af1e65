import { type Model, type Snapshot, snapshot } from "../../src/fleet/mod.ts";
import type { Host } from "./host.ts";

/** Differences of two models that are told. */
const TOLD = 3;

/** What gateways over one store hold differently. Times are compared to the second: their clocks have different zeros. */
export function disagreements([first, ...others]: readonly Host[]): string[] {
  if (first === undefined || others.length === 0) return [];
  const reference = first.gateway.inspect((model) => kept(model, first));
  return others.flatMap((host, i) => {
    const its = host.gateway.inspect((model) => kept(model, host));
    return [...difference(reference, its, 0, i + 1), ...difference(its, reference, i + 1, 0)];
  });
}

function difference(
  ours: ReadonlyMap<string, ReadonlySet<string>>,
  theirs: ReadonlyMap<string, ReadonlySet<string>>,
  us: number,
  them: number,
): string[] {
  return Array.from(ours, ([table, rows]) => {
    const only = [...rows].filter((row) => !theirs.get(table)!.has(row));
    return only.length === 0 ? [] : [
      `the models do not agree on ${table}: gateway ${us} has, and ${them} has not, ` +
      `${only.length} of ${rows.size}, ${only.slice(0, TOLD).join(" ")}`,
    ];
  }).flat();
}

/** What a store would keep of a model, one text a row. What has been learned is left out: it is told now and then only. */
function kept(model: Model, host: Host): Map<string, Set<string>> {
  const { servers, placements, rooms, bans, tasks }: Snapshot = snapshot(model);
  // Those without a room are about to be released, one gateway a moment before the other.
  const places = [...placements].filter(({ namespace, group }) =>
    model.groups.get(namespace, group)?.empty === false
  );
  const second = (time: number | undefined) =>
    time === undefined ? undefined : Math.round((time - host.now) / 1000);
  const texts = (rows: Iterable<object>) => new Set(Array.from(rows, (row) => JSON.stringify(row)));
  return new Map([
    [
      "servers",
      texts(Array.from(servers, ({ address, pool, enabled, weight, clients }) => ({
        address,
        pool,
        enabled,
        weight,
        clients,
      }))),
    ],
    [
      "draining",
      texts(Array.from(servers, ({ address, draining }) => ({
        address,
        draining: draining && { deadline: second(draining.deadline) },
      }))),
    ],
    [
      "usage",
      texts(Array.from(servers, ({ address, usage }) => ({
        address,
        usage: [...usage].filter(({ rooms }) => rooms > 0).toSorted((a, b) =>
          a.customer < b.customer ? -1 : 1
        ),
      }))),
    ],
    ["places", texts(places)],
    ["rooms", texts(rooms)],
    [
      "bans",
      texts(
        Array.from(bans, ({ room, user, until }) => ({ room, user, ends: second(until)! })).filter(
          ({ ends }) => ends > 0,
        ),
      ),
    ],
    [
      "tasks",
      texts(Array.from(tasks, ({ server, task: { sequence, json } }) => ({ server, sequence, json }))),
    ],
  ]);
}

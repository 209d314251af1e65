import { type Model, type Snapshot, snapshot } from "../../src/fleet/mod.ts";
import type { Host } from "./host.ts";

/** Differences of two models that are told. */
const TOLD = 3;

/** Times of two gateways may differ by so many milliseconds: their clocks have different zeros. */
const CLOCKS = 1000;

/** Rows of a table as texts, each with its time from now on in milliseconds, if it has one. */
type Rows = ReadonlyMap<string, number | undefined>;

/** What gateways over one store hold differently. */
export function disagreements([first, ...others]: readonly Host[]): string[] {
  if (first === undefined || others.length === 0) return [];
  const reference = first.gateway.inspect((model) => kept(model, first));
  return others.flatMap((host, i) => {
    const its = host.gateway.inspect((model) => kept(model, host));
    return [...difference(reference, its, 0, i + 1), ...difference(its, reference, i + 1, 0)];
  });
}

function difference(
  ours: ReadonlyMap<string, Rows>,
  theirs: ReadonlyMap<string, Rows>,
  us: number,
  them: number,
): string[] {
  return Array.from(ours, ([table, rows]) => {
    const others = theirs.get(table)!;
    const only = Array.from(rows).flatMap(([row, time = 0]) =>
      others.has(row) && Math.abs((others.get(row) ?? 0) - time) <= CLOCKS ? [] : [`${row} ${time}`]
    );
    return only.length === 0 ? [] : [
      `the models do not agree on ${table}: gateway ${us} has, and ${them} has not, ` +
      `${only.length} of ${rows.size}, ${only.slice(0, TOLD).join(" ")}`,
    ];
  }).flat();
}

/** Members that are times. */
const TIMES: ReadonlySet<string> = new Set(["until", "deadline"]);

/** What a store would keep of a model, one text a row. What has been learned is left out: it is told now and then only. */
function kept(model: Model, host: Host): Map<string, Rows> {
  const { servers, placements, rooms, bans, tasks }: Snapshot = snapshot(model);
  // Those without a room are about to be released, one gateway a moment before the other.
  const places = [...placements].filter(({ namespace, group }) =>
    model.groups.get(namespace, group)?.empty === false
  );
  const texts = <Row extends object>(
    rows: Iterable<Row>,
    timeOf: (row: Row) => number | undefined = () => undefined,
  ) =>
    new Map(Array.from(rows, (row) => {
      const time = timeOf(row);
      return [
        JSON.stringify(row, (key, value) => TIMES.has(key) ? undefined : value),
        time && time - host.now,
      ];
    }));
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
      texts(
        Array.from(servers, ({ address, draining }) => ({ address, draining })),
        ({ draining }) => draining?.deadline,
      ),
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
        Array.from(bans, ({ room, user, until }) => ({ room, user, until })).filter(({ until }) =>
          until > host.now
        ),
        ({ until }) => until,
      ),
    ],
    [
      "tasks",
      texts(Array.from(tasks, ({ server, task: { sequence, json } }) => ({ server, sequence, json }))),
    ],
  ]);
}

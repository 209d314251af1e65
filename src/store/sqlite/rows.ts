import type {
  Address,
  Ban,
  LearnedKind,
  LearnedName,
  Placement,
  QueuedTask,
  Snapshot,
  StoredRoom,
  Task,
} from "../../fleet/mod.ts";
import type { Statements } from "./statements.ts";
import { name, number, text } from "./column.ts";
import { serverFrom } from "./server_fields.ts";
import { fromColumn } from "./text.ts";

type Row = Readonly<Record<string, unknown>>;

/**
 * Reads everything that is stored. A row that cannot be read is left out and told, so that one broken row does not keep
 * the gateway from starting.
 *
 * @param offset milliseconds to add to unix time for a time in the model
 */
export function load(
  { load }: Statements,
  offset: number,
  damaged: (what: string) => void,
): Snapshot {
  const read = <Raw, Result>(table: string, rows: readonly Raw[], parse: (row: Raw) => Result): Result[] => {
    const results: Result[] = [];
    for (const row of rows) {
      try {
        results.push(parse(row));
      } catch (error) {
        damaged(`a row of table ${table} is left out: ${error instanceof Error ? error.message : error}`);
      }
    }
    return results;
  };
  return {
    servers: read("server", load.servers.all(), (row) => serverFrom(row, (time) => time + offset)),
    placements: read(
      "placement",
      load.placements.all() as unknown as readonly [string, string, Address][],
      ([namespace, group, server]): Placement => ({
        namespace: fromColumn(namespace),
        group: fromColumn(group),
        server,
      }),
    ),
    rooms: read(
      "room",
      load.rooms.all() as unknown as readonly [string, string, string, number][],
      ([namespace, name, customer, listed]): StoredRoom => ({
        namespace: fromColumn(namespace),
        name: fromColumn(name),
        customer: fromColumn(customer),
        listed: listed === 1,
      }),
    ),
    bans: read("ban", load.bans.all(), (row) => ban(row, offset)),
    tasks: read("task", load.tasks.all(), (row) => task(row, offset)),
    kinds: read("kind", load.kinds.all(), (row): LearnedKind => ({
      namespace: name(row.namespace),
      template: name(row.template),
      sizes: { ...sizes(row.sizes), at: number(row.learned) + offset },
    })),
    names: read("known_name", load.names.all(), (row): LearnedName => ({
      high: number(row.high),
      low: number(row.low),
      known: {
        count: number(row.count),
        size: number(row.size),
        fillTime: number(row.fill_time),
        at: number(row.seen) + offset,
      },
    })),
  };
}

function ban(row: Row, offset: number): Ban {
  return {
    room: [name(row.namespace), name(row.room)],
    user: row.user === "" ? undefined : name(row.user),
    until: number(row.until) + offset,
    customer: row.customer === null ? undefined : name(row.customer),
    by: row.asked_by === null ? undefined : name(row.asked_by),
  };
}

function task(row: Row, offset: number): { server: Address; task: QueuedTask } {
  const json = text(row.json);
  const { task: kind, id: room } = JSON.parse(json) as Task;
  if (!Array.isArray(room) || !room.every((part) => typeof part === "string")) {
    throw new Error("it has no room");
  }
  const task: QueuedTask = {
    sequence: number(row.sequence),
    room,
    kind,
    json,
    expires: number(row.expires) + offset,
    customer: row.customer === null ? room[0] : name(row.customer),
  };
  return { server: text(row.server) as Address, task };
}

function sizes(column: unknown) {
  const sizes = JSON.parse(text(column));
  if (!Array.isArray(sizes?.bins) || !Array.isArray(sizes.fill)) throw new Error("it has no sizes");
  return sizes;
}

import { messageOf } from "../../error_message.ts";
import type {
  Address,
  Ban,
  LearnedName,
  Placement,
  SnapshotPiece,
  StoredKey,
  StoredRoom,
  StoredTask,
  Task,
} from "../../fleet/mod.ts";
import { name, number, text } from "./column.ts";
import type { Pages } from "./pages.ts";
import { serverFrom } from "./server_fields.ts";
import type { Statements } from "./statements.ts";
import { toColumn } from "./text.ts";

type Row = readonly unknown[];

/**
 * Reads everything that is stored, a page of a table at a time. A row that cannot be read is left out and told, so that one
 * broken row does not keep the gateway from starting.
 *
 * @param offset milliseconds to add to unix time for a time in the model
 */
export function* load(
  { load: { servers, placements, rooms, bans, kinds, names, tasks } }: Statements,
  offset: number,
  damaged: (what: string) => void,
): Generator<SnapshotPiece> {
  const read = reader(offset, damaged);
  for (const page of servers) yield { servers: read(servers, page, server) };
  for (const page of placements) yield { placements: read(placements, page, placement) };
  for (const page of rooms) yield { rooms: read(rooms, page, room) };
  for (const page of bans) yield { bans: read(bans, page, ban) };
  for (const page of kinds) yield { kinds: read(kinds, page, kind) };
  for (const page of names) yield { names: read(names, page, knownName) };
  for (const page of tasks) yield { tasks: read(tasks, page, task) };
}

/** Reads the rows that have changed since. As {@link load}. */
export function loadAgain(
  { load: { servers, placements, rooms, bans, kinds, names, tasks } }: Statements,
  changed: readonly StoredKey[],
  offset: number,
  damaged: (what: string) => void,
): SnapshotPiece {
  const read = reader(offset, damaged);
  const rowsOf = (kind: StoredKey[0], pages: Pages) =>
    changed.filter((key) => key[0] === kind)
      .map(([, ...key]) => pages.row(key.map((part) => typeof part === "string" ? toColumn(part) : part)))
      .filter((row) => row !== undefined);
  return {
    changed,
    servers: read(servers, rowsOf("servers", servers), server),
    placements: read(placements, rowsOf("placements", placements), placement),
    rooms: read(rooms, rowsOf("rooms", rooms), room),
    bans: read(bans, rowsOf("bans", bans), ban),
    kinds: read(kinds, rowsOf("kinds", kinds), kind).sort((a, b) => a.sizes.at - b.sizes.at),
    names: read(names, rowsOf("names", names), knownName),
    tasks: read(tasks, rowsOf("tasks", tasks), task).sort((a, b) => a.task.sequence - b.task.sequence),
  };
}

function reader(offset: number, damaged: (what: string) => void) {
  return <Result>(
    { table }: Pages,
    rows: readonly Row[],
    parse: (row: Row, offset: number) => Result,
  ): Result[] => {
    const results: Result[] = [];
    for (const row of rows) {
      try {
        results.push(parse(row, offset));
      } catch (error) {
        damaged(`a row of table ${table} is left out: ${messageOf(error)}`);
      }
    }
    return results;
  };
}

const server = (row: Row, offset: number) => serverFrom(row, (time) => time + offset);

function placement([namespace, group, server]: Row): Placement {
  return { namespace: name(namespace), group: name(group), server: text(server) as Address };
}

function room([namespace, room, customer, listed]: Row): StoredRoom {
  return { namespace: name(namespace), name: name(room), customer: name(customer), listed: listed === 1 };
}

function ban([namespace, room, user, until, customer, by]: Row, offset: number): Ban {
  return {
    room: [name(namespace), name(room)],
    user: user === "" ? undefined : name(user),
    until: number(until) + offset,
    customer: customer === null ? undefined : name(customer),
    by: by === null ? undefined : name(by),
  };
}

function kind([learned, namespace, template, learnedSizes]: Row, offset: number) {
  return {
    namespace: name(namespace),
    template: name(template),
    sizes: { ...sizes(learnedSizes), at: number(learned) + offset },
  };
}

function knownName([high, low, count, size, fillTime, seen]: Row, offset: number): LearnedName {
  return {
    high: number(high),
    low: number(low),
    known: {
      count: number(count),
      size: number(size),
      fillTime: number(fillTime),
      at: number(seen) + offset,
    },
  };
}

function task([sequence, server, column, expires, customer]: Row, offset: number): StoredTask {
  const json = text(column);
  const { task: kind, id: room } = JSON.parse(json) as Task;
  if (!Array.isArray(room) || !room.every((part) => typeof part === "string")) {
    throw new Error("it has no room");
  }
  const task = {
    sequence: number(sequence),
    room,
    kind,
    json,
    expires: number(expires) + offset,
    customer: customer === null ? room[0] : name(customer),
  };
  return { server: text(server) as Address, task };
}

function sizes(column: unknown) {
  const sizes = JSON.parse(text(column));
  if (!Array.isArray(sizes?.bins) || !Array.isArray(sizes.fill)) throw new Error("it has no sizes");
  return sizes;
}

import type {
  Address,
  Ban,
  LearnedKind,
  Placement,
  SnapshotPiece,
  StoredRoom,
  StoredTask,
  Task,
} from "../../fleet/mod.ts";
import { name, number, text } from "./column.ts";
import { explain } from "./database.ts";
import type { Pages } from "./pages.ts";
import { serverFrom } from "./server_fields.ts";
import type { Statements } from "./statements.ts";

type Row = readonly unknown[];

/**
 * Reads everything that is stored, a page of a table at a time. A row that cannot be read is left out and told, so that one
 * broken row does not keep the gateway from starting.
 *
 * @param offset milliseconds to add to unix time for a time in the model
 */
export function* load(
  { load: { servers, placements, rooms, bans, kinds, tasks } }: Statements,
  offset: number,
  damaged: (what: string) => void,
): Generator<SnapshotPiece> {
  const read = function* <Result>(
    pages: Pages,
    parse: (row: Row, offset: number) => Result,
  ): Generator<Result[]> {
    for (const page of pages) {
      const results: Result[] = [];
      for (const row of page) {
        try {
          results.push(parse(row, offset));
        } catch (error) {
          damaged(`a row of table ${pages.table} is left out: ${explain(error)}`);
        }
      }
      yield results;
    }
  };
  for (const page of read(servers, server)) yield { servers: page };
  for (const page of read(placements, placement)) yield { placements: page };
  for (const page of read(rooms, room)) yield { rooms: page };
  for (const page of read(bans, ban)) yield { bans: page };
  for (const page of read(kinds, kind)) yield { kinds: page };
  for (const page of read(tasks, task)) yield { tasks: page };
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

function kind([learned, namespace, template, learnedSizes]: Row, offset: number): LearnedKind {
  return {
    namespace: name(namespace),
    template: name(template),
    sizes: { ...sizes(learnedSizes), at: number(learned) + offset },
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

import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { messageOf } from "../../error_message.ts";
import { StoreError } from "../port.ts";
import { number } from "./column.ts";

/** The file in the data folder that holds the store. */
export const STORE_FILE = "gateway.db";

/** Each entry brings the schema from its index to the next version. Entries that were released never change. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE server (
     address TEXT PRIMARY KEY, pool TEXT NOT NULL, version TEXT NOT NULL, enabled INTEGER NOT NULL,
     load REAL NOT NULL, clients INTEGER NOT NULL, usage TEXT NOT NULL, first_seen INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE placement (
     namespace TEXT NOT NULL, name TEXT NOT NULL, server TEXT NOT NULL,
     PRIMARY KEY (namespace, name)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE room (
     namespace TEXT NOT NULL, name TEXT NOT NULL, customer TEXT NOT NULL,
     PRIMARY KEY (namespace, name)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE ban (
     namespace TEXT NOT NULL, room TEXT NOT NULL, user TEXT NOT NULL, until INTEGER NOT NULL,
     PRIMARY KEY (namespace, room, user)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE task (
     sequence INTEGER PRIMARY KEY, server TEXT NOT NULL, json TEXT NOT NULL, expires INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE value (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
  // Whether a report has shown the room, so that a restart knows which rooms wait for their first client.
  `ALTER TABLE room ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;`,
  // What was learned, and what operators want of their servers.
  `ALTER TABLE server ADD COLUMN cost TEXT NOT NULL DEFAULT '[0,0,0,0,0]';
   ALTER TABLE server ADD COLUMN weight REAL NOT NULL DEFAULT 1;
   ALTER TABLE server ADD COLUMN draining INTEGER NOT NULL DEFAULT 0;
   ALTER TABLE server ADD COLUMN deadline INTEGER;
   CREATE TABLE kind (
     namespace TEXT NOT NULL, template TEXT NOT NULL, sizes TEXT NOT NULL, learned INTEGER NOT NULL,
     PRIMARY KEY (namespace, template)
   ) STRICT, WITHOUT ROWID;`,
  // Names are escaped (text.ts), so a backslash in those that are there has to be. Who a ban or a task counts for.
  `UPDATE server SET pool = replace(pool, '\\', '\\\\'), version = replace(version, '\\', '\\\\');
   UPDATE placement SET namespace = replace(namespace, '\\', '\\\\'), name = replace(name, '\\', '\\\\')
     WHERE instr(namespace || name, '\\') > 0;
   UPDATE room SET namespace = replace(namespace, '\\', '\\\\'), name = replace(name, '\\', '\\\\'),
     customer = replace(customer, '\\', '\\\\') WHERE instr(namespace || name || customer, '\\') > 0;
   UPDATE ban SET namespace = replace(namespace, '\\', '\\\\'), room = replace(room, '\\', '\\\\'),
     user = replace(user, '\\', '\\\\') WHERE instr(namespace || room || user, '\\') > 0;
   UPDATE kind SET namespace = replace(namespace, '\\', '\\\\'), template = replace(template, '\\', '\\\\')
     WHERE instr(namespace || template, '\\') > 0;
   ALTER TABLE ban ADD COLUMN customer TEXT;
   ALTER TABLE ban ADD COLUMN asked_by TEXT;
   ALTER TABLE task ADD COLUMN customer TEXT;`,
  // What was learned of names that come back, by the two halves of their hash.
  `CREATE TABLE known_name (
     high INTEGER NOT NULL, low INTEGER NOT NULL,
     count INTEGER NOT NULL, size REAL NOT NULL, fill_time REAL NOT NULL, seen INTEGER NOT NULL,
     PRIMARY KEY (high, low)
   ) STRICT, WITHOUT ROWID;`,
];

/**
 * Brings a database to the current schema.
 *
 * @param migrations those of the store, or of another database
 * @throws {StoreError} where it was written by a later version
 */
export function migrate(database: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = userVersion(database);
  if (version > migrations.length) {
    throw new StoreError(
      `it has schema version ${version}, and this gateway knows ${migrations.length}; run the gateway that wrote it`,
    );
  }
  for (const [done, migration] of migrations.entries()) {
    if (done < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${migration} PRAGMA user_version = ${done + 1}; COMMIT;`);
  }
}

/** The version of the schema that a database has. */
export function userVersion(database: DatabaseSync): number {
  return number(database.prepare("PRAGMA user_version").get()?.user_version);
}

/** Whether the store in the folder can be read as it is, without changing it, as far as can be told. */
export function isOfThisSchema(folder: string): boolean {
  try {
    using database = new DatabaseSync(join(folder, STORE_FILE), { readOnly: true });
    return userVersion(database) === MIGRATIONS.length;
  } catch {
    return false; // opening it will tell
  }
}

/** Where SQLite keeps what `user_version` says in the header of a database, and how long that header is, in bytes. */
const HEADER = { magic: "SQLite format 3\0", userVersion: 60, length: 100 };

/**
 * What would keep this gateway from using a database, as far as its header tells: that is read without opening it as one,
 * which would make files beside it.
 *
 * @returns nothing where nothing is wrong, or there is no such file
 */
export function schemaConcern(path: string): string | undefined {
  return databaseConcern(path, MIGRATIONS.length);
}

/**
 * As {@link schemaConcern}, of another database.
 *
 * @param known the latest version that this gateway knows; any, if absent
 */
export function databaseConcern(path: string, known = Infinity): string | undefined {
  const header = new Uint8Array(HEADER.length);
  let read: number | null;
  try {
    using file = Deno.openSync(path);
    read = file.readSync(header);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    return `${path} cannot be read: ${messageOf(error)}`;
  }
  if (read === null) return undefined;
  if (read < HEADER.length || !new TextDecoder().decode(header).startsWith(HEADER.magic)) {
    return `${path} is no database; restore it from a backup, or move it away`;
  }
  const version = new DataView(header.buffer).getInt32(HEADER.userVersion);
  if (version <= known) return undefined;
  return `${path} has schema version ${version}, and this gateway knows ${known}; run the gateway that wrote it`;
}

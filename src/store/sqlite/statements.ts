import type { DatabaseSync, StatementSync } from "node:sqlite";
import { ALL, columnsOf, PLANNED, REPORTED, type ServerField } from "./server_fields.ts";

export type Statements = ReturnType<typeof prepare>;

/** The prepared statements of the store, by table. */
export function prepare(database: DatabaseSync) {
  const sql = (text: string): StatementSync => database.prepare(text);
  // Rows as arrays: for a hundred thousand of them objects take three times as long.
  const arrays = (text: string): StatementSync => {
    const statement = sql(text) as StatementSync & { setReturnArrays(arrays: boolean): void }; // missing in Deno's types
    statement.setReturnArrays(true);
    return statement;
  };
  const updateServer = (fields: readonly ServerField[]): StatementSync =>
    sql(
      `UPDATE server SET ${columnsOf(fields).map((column) => `${column} = ?`).join(", ")} WHERE address = ?`,
    );
  return {
    load: {
      servers: sql(`SELECT ${columnsOf(ALL).join(", ")} FROM server`),
      placements: arrays("SELECT namespace, name, server FROM placement"),
      rooms: arrays("SELECT namespace, name, customer, listed FROM room"),
      bans: sql("SELECT namespace, room, user, until, customer, asked_by FROM ban"),
      tasks: sql("SELECT sequence, server, json, expires, customer FROM task ORDER BY sequence"),
      names: sql("SELECT high, low, count, size, fill_time, seen FROM known_name"),
      kinds: sql("SELECT namespace, template, sizes, learned FROM kind ORDER BY learned"),
    },
    clear: ["server", "placement", "room", "task", "kind", "known_name"].map((table) =>
      sql(`DELETE FROM ${table}`)
    ),
    server: {
      put: sql(
        `INSERT OR REPLACE INTO server (${columnsOf(ALL).join(", ")}) ` +
          `VALUES (${columnsOf(ALL).map(() => "?").join(", ")})`,
      ),
      report: updateServer(REPORTED),
      plan: updateServer(PLANNED),
      enable: updateServer(["enabled"]),
      remove: sql("DELETE FROM server WHERE address = ?"),
    },
    placement: {
      get: sql("SELECT server FROM placement WHERE namespace = ? AND name = ?"),
      put: sql("INSERT OR REPLACE INTO placement VALUES (?, ?, ?)"),
      remove: sql("DELETE FROM placement WHERE namespace = ? AND name = ?"),
    },
    room: {
      put: sql("INSERT OR REPLACE INTO room (namespace, name, customer, listed) VALUES (?, ?, ?, ?)"),
      remove: sql("DELETE FROM room WHERE namespace = ? AND name = ?"),
    },
    ban: {
      put: sql(
        "INSERT OR REPLACE INTO ban (namespace, room, user, until, customer, asked_by) VALUES (?, ?, ?, ?, ?, ?)",
      ),
      remove: sql("DELETE FROM ban WHERE namespace = ? AND room = ? AND user = ?"),
      /** Those in force at a point in time. */
      clear: sql("DELETE FROM ban WHERE until > ?"),
      forget: sql("DELETE FROM ban WHERE until <= ?"),
    },
    task: {
      put: sql(
        "INSERT OR REPLACE INTO task (sequence, server, json, expires, customer) VALUES (?, ?, ?, ?, ?)",
      ),
      remove: sql("DELETE FROM task WHERE sequence = ?"),
    },
    kind: {
      put: sql("INSERT OR REPLACE INTO kind VALUES (?, ?, ?, ?)"),
      remove: sql("DELETE FROM kind WHERE namespace = ? AND template = ?"),
    },
    name: {
      put: sql("INSERT OR REPLACE INTO known_name VALUES (?, ?, ?, ?, ?, ?)"),
      remove: sql("DELETE FROM known_name WHERE high = ? AND low = ?"),
    },
    value: {
      get: sql("SELECT value FROM value WHERE name = ?"),
      set: sql("INSERT OR REPLACE INTO value VALUES (?, ?)"),
    },
  };
}

import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Pages } from "./pages.ts";
import { ALL, columnsOf, PLANNED, REPORTED, type ServerField } from "./server_fields.ts";

export type Statements = ReturnType<typeof prepare>;

/** The prepared statements of the store, by table. */
export function prepare(database: DatabaseSync) {
  const sql = (text: string): StatementSync => database.prepare(text);
  const updateServer = (fields: readonly ServerField[]): StatementSync =>
    sql(
      `UPDATE server SET ${columnsOf(fields).map((column) => `${column} = ?`).join(", ")} WHERE address = ?`,
    );
  return {
    load: {
      servers: new Pages(database, "server", ["address"], columnsOf(ALL).slice(1)),
      placements: new Pages(database, "placement", ["namespace", "name"], ["server"]),
      rooms: new Pages(database, "room", ["namespace", "name"], ["customer", "listed"]),
      bans: new Pages(database, "ban", ["namespace", "room", "user"], ["until", "customer", "asked_by"]),
      kinds: new Pages(database, "kind", ["namespace", "template"], ["sizes"], ["learned"]),
      names: new Pages(database, "known_name", ["high", "low"], ["count", "size", "fill_time", "seen"]),
      tasks: new Pages(database, "task", ["sequence"], ["server", "json", "expires", "customer"]),
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

import { join } from "node:path";
import { setImmediate } from "node:timers";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type {
  Address,
  Ban,
  Change,
  LearnedKind,
  Placement,
  Plan,
  QueuedTask,
  Snapshot,
  StoredRoom,
  StoredServer,
  Task,
} from "../fleet/mod.ts";
import { migrate } from "./schema.ts";
import { type Store, StoreError, type StoreOptions } from "./store.ts";

/** Changes that are only written wait so long for others, in milliseconds. */
const WRITE_AFTER = 50;

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * The store in one SQLite file of the data folder. Survives the process being killed at any moment (WAL); what was
 * committed in the last moments before the machine loses power may be lost (`synchronous=NORMAL`), never torn.
 * Commits that arrive in one turn of the event loop share a transaction.
 */
export class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #options: StoreOptions;
  readonly #statements: Statements;
  #changes: Change[] = [];
  #waiting: Waiting[] = [];
  #scheduled = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @throws {StoreError} where the file cannot be opened, is damaged, or of a later version */
  constructor(folder: string, options: StoreOptions) {
    const file = join(folder, "gateway.db");
    this.#options = options;
    try {
      this.#database = new DatabaseSync(file);
      this.#database.exec(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 1000;",
      );
      migrate(this.#database);
      const { quick_check: check } = this.#database.prepare("PRAGMA quick_check(1)").get() as {
        quick_check: string;
      };
      if (check !== "ok") throw new StoreError(check);
      this.#statements = prepare(this.#database, options.unixTime());
    } catch (error) {
      throw new StoreError(
        `${file} cannot be used: ${explain(error)}. Restore it from a backup, or move it away.`,
      );
    }
  }

  load(): Snapshot {
    const { servers, placements, rooms, bans, tasks, kinds } = this.#statements.load;
    const offset = this.#options.now() - this.#options.unixTime();
    return {
      servers: servers.all().map(({ draining, deadline, ...row }): StoredServer => ({
        ...row as unknown as StoredServer,
        enabled: row.enabled === 1,
        usage: JSON.parse(row.usage as string),
        firstSeen: (row.firstSeen as number) + offset,
        cost: JSON.parse(row.cost as string),
        draining: draining === 1
          ? { deadline: deadline === null ? undefined : (deadline as number) + offset }
          : undefined,
      })),
      placements: (placements.all() as unknown as [string, string, Address][]).map((
        [namespace, group, server],
      ) => ({ namespace, group, server })),
      rooms: (rooms.all() as unknown as [string, string, string, number][]).map((
        [namespace, name, customer, listed],
      ): StoredRoom => ({ namespace, name, customer, listed: listed === 1 })),
      bans: bans.all().map((row): Ban => ({
        room: [row.namespace as string, row.room as string],
        user: row.user === "" ? undefined : row.user as string,
        until: (row.until as number) + offset,
      })),
      tasks: tasks.all().map((row) => {
        const json = row.json as string;
        const { task: kind, id: room } = JSON.parse(json) as Task;
        const task: QueuedTask = {
          sequence: row.sequence as number,
          room,
          kind,
          json,
          expires: (row.expires as number) + offset,
        };
        return { server: row.server as Address, task };
      }),
      kinds: kinds.all().map((row): LearnedKind => ({
        namespace: row.namespace as string,
        template: row.template as string,
        sizes: { ...JSON.parse(row.sizes as string), at: (row.learned as number) + offset },
      })),
    };
  }

  commit(changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.#changes.push(change);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ resolve, reject });
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.#flush());
    }
    return promise;
  }

  write(changes: readonly Change[]): void {
    if (changes.length === 0) return;
    for (const change of changes) this.#changes.push(change);
    this.#timer ??= setTimeout(() => this.#flush(), WRITE_AFTER);
  }

  replace(snapshot: Snapshot): void {
    this.#changes = [];
    const { unixTime, now } = this.#options;
    const offset = unixTime() - now();
    const { clear, server, placement, room, ban, task } = this.#statements;
    this.#transaction(() => {
      clear.forEach((statement) => statement.run());
      for (const each of snapshot.servers) {
        const { address, pool, version, enabled, load, clients, firstSeen } = each;
        const [usage, cost] = [JSON.stringify(each.usage), JSON.stringify(each.cost)];
        const seen = Math.round(firstSeen + offset);
        server.add.run(address, pool, version, enabled ? 1 : 0, load, clients, usage, seen, cost);
        this.#plan(address, each, offset);
      }
      for (const kind of snapshot.kinds) this.#learn(kind, offset);
      for (const { namespace, group, server } of snapshot.placements) {
        placement.put.run(namespace, group, server);
      }
      for (const { namespace, name, customer, listed } of snapshot.rooms) {
        room.put.run(namespace, name, customer, listed ? 1 : 0);
      }
      for (const { room: [namespace, name], user, until } of snapshot.bans) {
        ban.put.run(namespace, name, user ?? "", Math.round(until + offset));
      }
      for (const { server, task: { sequence, json, expires } } of snapshot.tasks) {
        task.put.run(sequence, server, json, Math.round(expires + offset));
      }
    });
  }

  value(name: string): string | undefined {
    return this.#statements.value.get.get(name)?.value as string | undefined;
  }

  setValue(name: string, value: string): void {
    this.#transaction(() => this.#statements.value.set.run(name, value));
  }

  // deno-lint-ignore require-await -- the port lets an adapter take its time
  async close(): Promise<void> {
    this.#flush();
    this.#database.close();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#scheduled = false;
    const changes = this.#changes;
    const waiting = this.#waiting;
    this.#changes = [];
    this.#waiting = [];
    try {
      let overruled: Placement[] = [];
      if (changes.length > 0) this.#transaction(() => overruled = this.#apply(changes));
      if (overruled.length > 0) this.#options.overruled(overruled);
      this.#options.stored(changes);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      for (const { reject } of waiting) reject(error);
      this.#options.failed(error);
      return;
    }
    for (const { resolve } of waiting) resolve();
  }

  #transaction(run: () => void): void {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      run();
      this.#database.exec("COMMIT");
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw new StoreError(explain(error));
    }
  }

  #plan(address: Address, { weight, draining }: Plan, offset: number): void {
    const deadline = draining?.deadline === undefined ? null : Math.round(draining.deadline + offset);
    this.#statements.server.plan.run(weight, draining === undefined ? 0 : 1, deadline, address);
  }

  #learn({ namespace, template, sizes }: LearnedKind, offset: number): void {
    const { kind } = this.#statements;
    if (sizes === undefined) {
      kind.remove.run(namespace, template);
      return;
    }
    const { at, ...learned } = sizes;
    kind.put.run(namespace, template, JSON.stringify(learned), Math.round(at + offset));
  }

  /** @returns where groups are that somebody else was first to place */
  #apply(changes: readonly Change[]): Placement[] {
    const overruled: Placement[] = [];
    const { server, placement, room, ban, task } = this.#statements;
    const now = this.#options.unixTime();
    const offset = now - this.#options.now();
    for (const change of changes) {
      switch (change.type) {
        case "server-appeared":
          server.add.run(change.server, change.pool, change.version, 1, 0, 0, "[]", now, "[0,0,0,0,0]");
          break;
        case "server-reported": {
          const { server: address, pool, version, load, clients, usage, cost } = change;
          server.report.run(
            pool,
            version,
            load,
            clients,
            JSON.stringify(usage),
            JSON.stringify(cost),
            address,
          );
          break;
        }
        case "server-planned":
          this.#plan(change.server, change, offset);
          break;
        case "kind-learned":
          this.#learn(change.kind, offset);
          break;
        case "server-disabled":
          server.disable.run(change.server);
          break;
        case "server-removed":
          server.remove.run(change.server);
          break;
        case "group-placed": {
          const { namespace, group, from } = change;
          const holder = placement.get.get(namespace, group)?.server as Address | undefined;
          if (holder === undefined || holder === from || holder === change.server) {
            placement.put.run(namespace, group, change.server);
          } else overruled.push({ namespace, group, server: holder });
          break;
        }
        case "group-released":
          placement.remove.run(change.namespace, change.group);
          break;
        case "room-opened": {
          const [namespace, name] = change.room;
          room.put.run(namespace, name, change.customer, change.listed ? 1 : 0);
          break;
        }
        case "room-closed":
          room.remove.run(...change.room);
          break;
        case "banned": {
          const [namespace, name] = change.ban.room;
          const until = Math.round(change.ban.until + offset);
          if (until > now) ban.put.run(namespace, name, change.ban.user ?? "", until);
          else ban.remove.run(namespace, name, change.ban.user ?? "");
          break;
        }
        case "task-queued": {
          const { sequence, json, expires } = change.task;
          task.put.run(sequence, change.server, json, Math.round(expires + offset));
          break;
        }
        case "task-ended":
          task.remove.run(change.sequence);
          break;
        case "server-enabled":
        case "server-drained":
        case "collision":
        case "close-ignored":
          break; // told by the changes that come with them
      }
    }
    return overruled;
  }
}

type Statements = ReturnType<typeof prepare>;

function prepare(database: DatabaseSync, unixTime: number) {
  const sql = (text: string): StatementSync => database.prepare(text);
  // Rows as arrays: for a hundred thousand of them objects take three times as long.
  const arrays = (text: string): StatementSync => {
    const statement = sql(text) as StatementSync & { setReturnArrays(arrays: boolean): void }; // missing in Deno's types
    statement.setReturnArrays(true);
    return statement;
  };
  // Bans that ended while nobody looked are of no more use.
  sql("DELETE FROM ban WHERE until <= ?").run(unixTime);
  return {
    load: {
      servers: sql(
        "SELECT address, pool, version, enabled, load, clients, usage, first_seen AS firstSeen, cost, weight, " +
          "draining, deadline FROM server",
      ),
      placements: arrays("SELECT namespace, name, server FROM placement"),
      rooms: arrays("SELECT namespace, name, customer, listed FROM room"),
      bans: sql("SELECT * FROM ban"),
      tasks: sql("SELECT * FROM task ORDER BY sequence"),
      kinds: sql("SELECT * FROM kind ORDER BY learned"),
    },
    clear: ["server", "placement", "room", "ban", "task", "kind"].map((table) => sql(`DELETE FROM ${table}`)),
    server: {
      add: sql(
        "INSERT OR REPLACE INTO server (address, pool, version, enabled, load, clients, usage, first_seen, cost) " +
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      ),
      report: sql(
        "UPDATE server SET enabled = 1, pool = ?, version = ?, load = ?, clients = ?, usage = ?, cost = ? " +
          "WHERE address = ?",
      ),
      plan: sql("UPDATE server SET weight = ?, draining = ?, deadline = ? WHERE address = ?"),
      disable: sql("UPDATE server SET enabled = 0 WHERE address = ?"),
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
      put: sql("INSERT OR REPLACE INTO ban VALUES (?, ?, ?, ?)"),
      remove: sql("DELETE FROM ban WHERE namespace = ? AND room = ? AND user = ?"),
    },
    task: {
      put: sql("INSERT OR REPLACE INTO task VALUES (?, ?, ?, ?)"),
      remove: sql("DELETE FROM task WHERE sequence = ?"),
    },
    kind: {
      put: sql("INSERT OR REPLACE INTO kind VALUES (?, ?, ?, ?)"),
      remove: sql("DELETE FROM kind WHERE namespace = ? AND template = ?"),
    },
    value: {
      get: sql("SELECT value FROM value WHERE name = ?"),
      set: sql("INSERT OR REPLACE INTO value VALUES (?, ?)"),
    },
  };
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

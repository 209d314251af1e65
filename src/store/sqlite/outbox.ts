import { join } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Outbox, OutboxEvents, StoredMessage } from "../outbox.ts";
import { StoreError } from "../port.ts";
import { databaseConcern } from "./schema.ts";

/** What is to be written waits this long for more, and for another attempt where it cannot be written, in milliseconds. */
const WRITE_AFTER = 50;
const RETRY_AFTER = 1000;

/** The file, and its version. */
const FILE = "webhooks.db";
const VERSION = 1;

const SCHEMA = `CREATE TABLE IF NOT EXISTS message (
  sequence INTEGER PRIMARY KEY, receiver TEXT NOT NULL, id TEXT NOT NULL, ordered TEXT NOT NULL, body TEXT NOT NULL,
  created INTEGER NOT NULL
) STRICT; PRAGMA user_version = ${VERSION};`;

/** What would keep a gateway from keeping messages in the folder, found without making or changing a file. */
export function outboxConcern(folder: string): string | undefined {
  return databaseConcern(join(folder, FILE), VERSION);
}

/**
 * Messages in an SQLite file of their own in the data folder, so that they are in nobody's way: neither their number nor a
 * fault of their file concerns the store.
 */
export class SqliteOutbox implements Outbox {
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #events: OutboxEvents;
  /** To be written; what is removed before that never is. */
  readonly #added = new Map<number, StoredMessage>();
  #removed = new Set<number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failing = false;

  /** @throws {StoreError} where the file cannot be opened */
  constructor(folder: string, events: OutboxEvents) {
    const file = join(folder, FILE);
    this.#events = events;
    try {
      this.#database = new DatabaseSync(file);
      this.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 0;");
      const { user_version: version } = this.#database.prepare("PRAGMA user_version").get() as {
        user_version: number;
      };
      if (version > VERSION) throw new Error(`it has version ${version}, and this gateway knows ${VERSION}`);
      this.#database.exec(SCHEMA);
      this.#put = this.#database.prepare("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?)");
      this.#delete = this.#database.prepare("DELETE FROM message WHERE sequence = ?");
    } catch (error) {
      throw new StoreError(
        `${file} cannot be used: ${explain(error)}. Move it away: it has webhooks to be sent.`,
        {
          cause: error,
        },
      );
    }
  }

  load(): StoredMessage[] {
    const rows = this.#database.prepare(
      "SELECT sequence, receiver, id, ordered, body, created FROM message ORDER BY sequence",
    ).all();
    return rows.map((row) => ({
      sequence: Number(row.sequence),
      receiver: String(row.receiver),
      id: String(row.id),
      order: String(row.ordered),
      body: String(row.body),
      created: Number(row.created),
    }));
  }

  add(message: StoredMessage): void {
    this.#added.set(message.sequence, message);
    this.#later(WRITE_AFTER);
  }

  remove(sequence: number): void {
    if (this.#added.delete(sequence)) return;
    this.#removed.add(sequence);
    this.#later(WRITE_AFTER);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#write();
    clearTimeout(this.#timer);
    this.#database.close();
  }

  #later(wait: number): void {
    this.#timer ??= setTimeout(() => this.#write(), wait);
  }

  #write(): void {
    this.#timer = undefined;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const { sequence, receiver, id, order, body, created } of this.#added.values()) {
        this.#put.run(sequence, receiver, id, order, body, created);
      }
      for (const sequence of this.#removed) this.#delete.run(sequence);
      this.#database.exec("COMMIT");
      this.#added.clear();
      this.#removed.clear();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      this.#later(RETRY_AFTER);
      if (!this.#failing) this.#events.failed(new StoreError(explain(error), { cause: error }));
      this.#failing = true;
      return;
    }
    if (this.#failing) this.#events.recovered();
    this.#failing = false;
  }
}

function explain(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { join } from "node:path";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { messageOf } from "../../error_message.ts";
import type { Outbox, OutboxEvents, StoredMessage } from "../outbox.ts";
import { StoreError } from "../port.ts";
import { openDatabase, transaction } from "./database.ts";
import { quickCheck } from "./quick_check.ts";
import { databaseConcern } from "./schema.ts";

/** What is to be written waits this long for more, and for another attempt where it cannot be written, in milliseconds. */
const WRITE_AFTER = 50;
const RETRY_AFTER = 1000;

const FILE = "webhooks.db";

/** As the store's. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS message (
     sequence INTEGER PRIMARY KEY, receiver TEXT NOT NULL, id TEXT NOT NULL, ordered TEXT NOT NULL, body TEXT NOT NULL,
     created INTEGER NOT NULL
   ) STRICT;`,
];

/** What would keep a gateway from keeping messages in the folder, found without making or changing a file. */
export function outboxConcern(folder: string): string | undefined {
  return databaseConcern(join(folder, FILE), MIGRATIONS.length);
}

/**
 * Messages in an SQLite file of their own in the data folder, so that they are in nobody's way: neither their number nor a
 * fault of their file concerns the store.
 */
export class SqliteOutbox implements Outbox {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #events: OutboxEvents;
  /** To be written; what is removed before that never is. */
  readonly #added = new Map<number, StoredMessage>();
  #removed = new Set<number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failing = false;

  /** @throws {StoreError} where the file cannot be opened, or is damaged */
  constructor(folder: string, events: OutboxEvents) {
    this.#file = join(folder, FILE);
    this.#events = events;
    try {
      this.#database = openDatabase(this.#file, MIGRATIONS);
      quickCheck(this.#database);
      this.#put = this.#database.prepare("INSERT OR REPLACE INTO message VALUES (?, ?, ?, ?, ?, ?)");
      this.#delete = this.#database.prepare("DELETE FROM message WHERE sequence = ?");
    } catch (error) {
      throw cannotBeUsed(this.#file, error);
    }
  }

  load(): StoredMessage[] {
    try {
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
    } catch (error) {
      this.#database.close();
      throw cannotBeUsed(this.#file, error);
    }
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
      transaction(this.#database, () => {
        for (const { sequence, receiver, id, order, body, created } of this.#added.values()) {
          this.#put.run(sequence, receiver, id, order, body, created);
        }
        for (const sequence of this.#removed) this.#delete.run(sequence);
      });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#later(RETRY_AFTER);
      if (!this.#failing) this.#events.failed(error);
      this.#failing = true;
      return;
    }
    this.#added.clear();
    this.#removed.clear();
    if (this.#failing) this.#events.recovered();
    this.#failing = false;
  }
}

function cannotBeUsed(file: string, error: unknown): StoreError {
  return new StoreError(
    `${file} cannot be used: ${messageOf(error)}. Move it away: it has webhooks to be sent.`,
    { cause: error },
  );
}

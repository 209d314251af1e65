import { type Change, isStored, type StoredKey, storedKeyOf } from "../fleet/mod.ts";
import type { Observer } from "./observers.ts";

/** Notes which rows of the store change, for somebody who has read them before. */
export class ChangeNotes implements Observer {
  /** By their text; nothing while nobody wants to know. */
  #keys: Map<string, StoredKey> | undefined;
  #all = false;

  /** What was noted before counts no more. */
  begin(): void {
    this.#keys = new Map();
    this.#all = false;
  }

  end(): void {
    this.#keys = undefined;
  }

  /** The rows that have changed since `begin`, each once; none without it. All, where everything was written anew. */
  changes(): StoredKey[] | "all" {
    if (this.#keys === undefined) return [];
    return this.#all ? "all" : [...this.#keys.values()];
  }

  changed(change: Change): void {
    if (this.#keys === undefined || !isStored(change)) return;
    const key = storedKeyOf(change);
    this.#keys.set(JSON.stringify(key), key);
  }

  storeFailed(): void {
    this.#all = true;
  }

  clockSet(): void {
    this.#all = true;
  }
}

import { scopedKey } from "../scoped_key.ts";
import { isUnvouched, ownerOf } from "../unvouched.ts";
import type { Kind, KnownKind } from "./kinds.ts";

/** Fraction of the kinds that are kept, in [0, 1], below which those that were seen once push out none that were seen again. */
const SEEN_ONCE = 0.25;

/**
 * The kinds of which something is known, up to a limit. What one namespace does makes others forget nothing that they need:
 * one too many ends a kind of the namespace that has the most, the one used longest ago; and kinds that were seen once go
 * before those that were seen again, but for a quarter, so that new ones can come to stay. Namespaces that nobody vouches for
 * count as one, however many are made. All is O(1).
 */
export class KeptKinds {
  readonly #once = new Part();
  readonly #again = new Part();

  get(kind: Kind): KnownKind | undefined {
    return this.#again.get(kind) ?? this.#once.get(kind);
  }

  /** Makes the kind the newest of its namespace. */
  keep(known: KnownKind): void {
    const part = known.sizes.weight > 1 ? this.#again : this.#once;
    if (part.touch(known)) return;
    this.delete(known.kind);
    part.add(known);
  }

  /** @returns whether it was there */
  delete(kind: Kind): boolean {
    return this.#again.delete(kind) || this.#once.delete(kind);
  }

  /** Ends one where there are more than so many. @returns which */
  forgetOne(limit: number): Kind | undefined {
    if (this.size <= limit) return undefined;
    const part = this.#again.size === 0 || this.#once.size > SEEN_ONCE * limit ? this.#once : this.#again;
    const kind = part.leastMissed();
    part.delete(kind);
    return kind;
  }

  get size(): number {
    return this.#once.size + this.#again.size;
  }

  *[Symbol.iterator](): Generator<KnownKind, void, void> {
    yield* this.#once;
    yield* this.#again;
  }
}

/** Kinds by owner, which is a namespace or all of those that nobody vouches for, and which owner has the most of them. */
class Part {
  /** By owner and by {@link keyOf}, those used longest ago first. */
  readonly #kinds = new Map<string, Map<string, KnownKind>>();
  /** The owners that have so many kinds; the last is never empty. */
  readonly #byCount: Set<string>[] = [];
  size = 0;

  get(kind: Kind): KnownKind | undefined {
    return this.#kinds.get(ownerOf(kind.namespace))?.get(keyOf(kind));
  }

  add(known: KnownKind): void {
    const owner = ownerOf(known.kind.namespace);
    let its = this.#kinds.get(owner);
    if (its === undefined) this.#kinds.set(owner, its = new Map());
    its.set(keyOf(known.kind), known);
    this.size++;
    this.#recount(owner, its.size - 1, its.size);
  }

  /** Makes the kind the newest, with what is known of it now. @returns whether it is here */
  touch(known: KnownKind): boolean {
    const key = keyOf(known.kind);
    const its = this.#kinds.get(ownerOf(known.kind.namespace));
    if (its === undefined || !its.delete(key)) return false;
    its.set(key, known);
    return true;
  }

  delete(kind: Kind): boolean {
    const owner = ownerOf(kind.namespace);
    const its = this.#kinds.get(owner);
    if (its === undefined || !its.delete(keyOf(kind))) return false;
    if (its.size === 0) this.#kinds.delete(owner);
    this.size--;
    this.#recount(owner, its.size + 1, its.size);
    return true;
  }

  /** Of the owner that has the most, the kind used longest ago; there is one. */
  leastMissed(): Kind {
    const [owner] = this.#byCount.at(-1)!;
    const [known] = this.#kinds.get(owner!)!.values();
    return known!.kind;
  }

  #recount(owner: string, before: number, count: number): void {
    this.#byCount[before]?.delete(owner);
    if (count > 0) (this.#byCount[count] ??= new Set()).add(owner);
    while (this.#byCount.length > 0 && (this.#byCount.at(-1)?.size ?? 0) === 0) this.#byCount.pop();
  }

  *[Symbol.iterator](): Generator<KnownKind, void, void> {
    for (const kinds of this.#kinds.values()) yield* kinds.values();
  }
}

/** Tells a kind from the others of its owner. */
function keyOf({ namespace, template }: Kind): string {
  return isUnvouched(namespace) ? scopedKey([namespace, template]) : template;
}

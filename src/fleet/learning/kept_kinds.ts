import type { Kind, KnownKind } from "./kinds.ts";

/** Fraction of the kinds that are kept, in [0, 1], below which those that were seen once push out none that were seen again. */
const SEEN_ONCE = 0.25;

/**
 * The kinds of which something is known, up to a limit. What one namespace does makes others forget nothing that they need:
 * one too many ends a kind of the namespace that has the most, the one used longest ago; and kinds that were seen once go
 * before those that were seen again, but for a quarter, so that new ones can come to stay. All is O(1).
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

/** Kinds by namespace, and which namespace has the most of them. */
class Part {
  /** By namespace and by template, those used longest ago first. */
  readonly #kinds = new Map<string, Map<string, KnownKind>>();
  /** The namespaces that have so many kinds; the last is never empty. */
  readonly #byCount: Set<string>[] = [];
  size = 0;

  get({ namespace, template }: Kind): KnownKind | undefined {
    return this.#kinds.get(namespace)?.get(template);
  }

  add(known: KnownKind): void {
    const { namespace, template } = known.kind;
    let its = this.#kinds.get(namespace);
    if (its === undefined) this.#kinds.set(namespace, its = new Map());
    its.set(template, known);
    this.size++;
    this.#recount(namespace, its.size - 1, its.size);
  }

  /** Makes the kind the newest, with what is known of it now. @returns whether it is here */
  touch(known: KnownKind): boolean {
    const { namespace, template } = known.kind;
    const its = this.#kinds.get(namespace);
    if (its === undefined || !its.delete(template)) return false;
    its.set(template, known);
    return true;
  }

  delete({ namespace, template }: Kind): boolean {
    const its = this.#kinds.get(namespace);
    if (its === undefined || !its.delete(template)) return false;
    if (its.size === 0) this.#kinds.delete(namespace);
    this.size--;
    this.#recount(namespace, its.size + 1, its.size);
    return true;
  }

  /** Of the namespace that has the most, the kind used longest ago; there is one. */
  leastMissed(): Kind {
    const [namespace] = this.#byCount.at(-1)!;
    const [known] = this.#kinds.get(namespace!)!.values();
    return known!.kind;
  }

  #recount(namespace: string, before: number, count: number): void {
    this.#byCount[before]?.delete(namespace);
    if (count > 0) (this.#byCount[count] ??= new Set()).add(namespace);
    while (this.#byCount.length > 0 && (this.#byCount.at(-1)?.size ?? 0) === 0) this.#byCount.pop();
  }

  *[Symbol.iterator](): Generator<KnownKind, void, void> {
    for (const kinds of this.#kinds.values()) yield* kinds.values();
  }
}

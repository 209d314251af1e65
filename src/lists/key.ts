import type { Key } from "../fleet/mod.ts";

/** Below 0 where the first of two keys of one list comes first, above 0 where the second does, and 0 where they are the same. */
export function compareKeys(a: Key, b: Key): number {
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** Entries of a list in their order, each with its key. */
export function sorted<Entry>(
  entries: readonly Entry[],
  keyOf: (entry: Entry) => Key,
): { readonly key: Key; readonly entry: Entry }[] {
  return entries.map((entry) => ({ key: keyOf(entry), entry })).sort((a, b) => compareKeys(a.key, b.key));
}

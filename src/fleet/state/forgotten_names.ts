import { isNameOf, type Kind, type LearnedName, type NameHash, nameHash } from "../learning/mod.ts";
import { kindOf } from "./growth.ts";
import type { Model } from "./model.ts";

/**
 * Forgets the names that go with a kind: all of a namespace, or those of the kind whose rooms are open and the one that is the
 * kind's template (that of a lobby, say), since of others only hashes are left, which do not tell their kind. O(names), and
 * O(groups) for a kind.
 *
 * @returns how many, and those of them that the store has
 */
export function forgetNames(
  model: Model,
  { namespace, template }: Kind,
): { readonly count: number; readonly stored: readonly LearnedName[] } {
  if (template === "") return model.names.forget(namespace === "" ? () => true : isNameOf(namespace));
  const open = new Set([keyOf(nameHash(namespace, template))]);
  for (const { namespace: { name: its }, name } of model.groups) {
    if (its === namespace && kindOf(its, name).template === template) open.add(keyOf(nameHash(its, name)));
  }
  return model.names.forget((name) => open.has(keyOf(name)));
}

function keyOf({ high, low }: NameHash): string {
  return `${high} ${low}`;
}

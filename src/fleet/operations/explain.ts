import type { Change } from "../change.ts";
import type { Explanation } from "../facts.ts";
import type { Model } from "../state/model.ts";
import type { Group } from "../state/room.ts";

/**
 * Remembers why the group is where it is placed now; where several gateways share the store, that does.
 *
 * @returns what to tell the store once the place holds, which no answer waits for; and how to take it back
 */
export function explain(
  model: Model,
  group: Group,
  explanation: Explanation,
): { readonly aside: readonly Change[]; readonly undo: () => void } {
  if (model.shared) {
    const { namespace: { name: namespace }, name } = group;
    const keep = model.settings.limits.explanations;
    const told: Change = { type: "group-explained", namespace, group: name, explanation, keep };
    return { aside: keep > 0 ? [told] : [], undo: () => {} };
  }
  const before = model.explanations.get(group);
  model.explanations.add(group, explanation);
  return { aside: [], undo: () => model.explanations.putBack(group, before) };
}

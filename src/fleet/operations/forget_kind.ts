import type { Change } from "../change.ts";
import type { Kind } from "../learning/mod.ts";
import type { Model } from "../state/model.ts";

/**
 * Forgets what was learned of the sizes of a kind of rooms, or, without names, of each namespace as a whole: what is known of
 * all rooms comes from these. Young rooms go on with what they were expected to reach.
 */
export function forgetKind(model: Model, kind: Kind): { known: boolean; changes: Change[] } {
  const changes = model.kinds.forget(kind).map((each): Change => ({
    type: "kind-learned",
    kind: { ...each, sizes: undefined },
  }));
  return { known: changes.length > 0, changes };
}

import type { Change } from "../change.ts";
import type { Kind } from "../learning/mod.ts";
import type { Model } from "../state/model.ts";

/** Forgets what was learned of the sizes of a kind of rooms; young rooms go on with what they were expected to reach. */
export function forgetKind(model: Model, kind: Kind): { known: boolean; changes: Change[] } {
  const known = model.kinds.forget(kind);
  const changes: Change[] = known ? [{ type: "kind-learned", kind: { ...kind, sizes: undefined } }] : [];
  return { known, changes };
}

import type { Change } from "../change.ts";
import type { Kind } from "../learning/mod.ts";
import { forgetNames } from "../state/forgotten_names.ts";
import type { Model } from "../state/model.ts";

/** What was forgotten. */
export interface ForgottenKind {
  /** Whether anything was known of the kind, or of its names. */
  readonly known: boolean;
  /** Names that were forgotten with it. */
  readonly names: number;
}

/**
 * Forgets what was learned of the sizes of a kind of rooms, or, without names, of each namespace as a whole: what is known of
 * all rooms comes from these. Names go with it as far as {@link forgetNames} can
 * tell them. Young rooms go on with what they were expected to reach.
 */
export function forgetKind(model: Model, kind: Kind): ForgottenKind & { readonly changes: Change[] } {
  const kinds = model.kinds.forget(kind);
  const { count, stored } = forgetNames(model, kind);
  const changes = kinds.map((each): Change => ({
    type: "kind-learned",
    kind: { ...each, sizes: undefined },
    names: true,
  }));
  for (const name of stored) changes.push({ type: "name-learned", name });
  return { known: kinds.length + count > 0, names: count, changes };
}

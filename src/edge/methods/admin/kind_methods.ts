import { z } from "zod";
import type { KindInfo } from "../../../fleet/mod.ts";
import type { GatewayPort } from "../../../gateway/port.ts";
import { RpcError } from "../../errors.ts";
import { listMethod } from "./list_method.ts";
import { type AdminMethod, adminMethod } from "./method.ts";
import { Amount, Count, ScopedKey } from "./shapes.ts";

/** What was learned of a kind of rooms, as it is shown. */
export const ShownKind = z.object({
  namespace: z.string().nullable().describe("Null for what is known of all rooms."),
  template: z.string().nullable().describe(
    "The names of its rooms with `#` for what varies; null for all of the namespace.",
  ),
  rooms: Amount.describe("Weight of what was seen, in rooms."),
  mean: Amount.describe("Their mean size, in clients."),
  p50: Amount.describe("Half of them are not larger."),
  p95: Amount.describe("So many percent of them are not larger."),
  placedFor: Amount.describe(
    "The size that a new one is placed for: their mean, which leans on wider kinds.",
  ),
  median: Amount.describe("`p50` by its old name, which will go."),
  large: Amount.describe("`p95` by its old name, which will go."),
  growsFor: Amount.describe("How long they grow, in seconds."),
  offBy: Amount.nullable().describe(
    "Clients by which the size that new ones were expected to reach was off, on average; null where this gateway has seen none since its start.",
  ),
});

const NAMES_STAY =
  "Names of its rooms that are not open now are still remembered: only hashes of them are kept, which do not " +
  "tell their kind. To forget them too, forget the namespace.";

/** What was forgotten with a kind. */
export const ForgottenKind = z.object({
  names: Count.describe("Names of rooms that were remembered, and are forgotten as well."),
  note: z.string().optional().describe("What is still remembered."),
});

/** The methods about kinds of rooms. */
export function kindMethods({ gateway }: { readonly gateway: GatewayPort }): readonly AdminMethod[] {
  return [
    listMethod({
      name: "kind.List",
      summary: "List what was learned of kinds of rooms, page by page",
      filters: {
        namespace: z.string().max(1024).optional().describe("Only those of this namespace."),
      },
      key: ScopedKey,
      entries: "kinds",
      entry: ShownKind,
      page: (asked) => gateway.view.kinds(asked),
      show: showKind,
    }),
    adminMethod({
      name: "kind.Forget",
      summary: "Forget what was learned of the sizes of a kind of rooms",
      description:
        "Named as `kind.List` names it: without `template` what is known of the namespace, without both that of every " +
        "namespace, of which what is known of all rooms consists. Names go with their namespace, and with their kind as " +
        "far as their rooms are open. For a kind whose rooms are other ones now.",
      does: "changes",
      params: z.object({ namespace: z.string().nullish(), template: z.string().nullish() }),
      result: ForgottenKind,
      errors: ["invalidParams"],
      run: async ({ namespace, template }) => {
        const { known, names } = await gateway.forgetKind({
          namespace: namespace ?? "",
          template: template ?? "",
        });
        if (!known) {
          throw new RpcError("invalidParams", "nothing was learned of such a kind; kind.List shows what was");
        }
        return (template ?? "") === "" ? { names } : { names, note: NAMES_STAY };
      },
    }),
  ];
}

export function showKind(
  { namespace, template, weight, sum, p50, p95, placedFor, fillTime, offBy }: KindInfo,
): z.input<typeof ShownKind> {
  return {
    namespace: namespace === "" ? null : namespace,
    template: template === "" ? null : template,
    rooms: weight,
    mean: sum / weight,
    p50,
    p95,
    placedFor,
    median: p50,
    large: p95,
    growsFor: fillTime / 1000,
    offBy: offBy ?? null,
  };
}

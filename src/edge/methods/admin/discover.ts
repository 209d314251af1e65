import { z } from "zod";
import type { AdminFacts } from "./facts.ts";
import { type AdminMethod, adminMethod } from "./method.ts";
import { type OpenRpcDocument, openRpcDocument } from "./openrpc.ts";

/** The method that answers the OpenRPC document of all others, and of itself. */
export function discoverMethod(
  methods: readonly AdminMethod[],
  { admin }: { readonly admin: AdminFacts },
): AdminMethod {
  // Made when somebody asks, since nobody may, and once.
  let document: OpenRpcDocument | undefined;
  const discover: AdminMethod = adminMethod({
    name: "rpc.discover",
    summary: "Answer the OpenRPC document of these methods",
    does: "shows",
    params: z.object({}),
    result: z.looseObject({ openrpc: z.string(), info: z.unknown(), methods: z.array(z.unknown()) }),
    errors: [],
    run: () => document ??= openRpcDocument([discover, ...methods], admin.version),
  });
  return discover;
}

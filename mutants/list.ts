import { dashboard } from "./dashboard.ts";
import { fleet } from "./fleet.ts";
import { gateway } from "./gateway.ts";
import { limits } from "./limits.ts";
import type { Mutant } from "./mutant.ts";
import { operations } from "./operations.ts";
import { redis } from "./redis.ts";
import { several } from "./several.ts";
import { store } from "./store.ts";
import { webhooks } from "./webhooks.ts";

/** All mutants, those of one suite together. */
export const mutants: readonly Mutant[] = [
  ...fleet,
  ...operations,
  ...gateway,
  ...several,
  ...store,
  ...redis,
  ...limits,
  ...webhooks,
  ...dashboard,
];

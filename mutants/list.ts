import { fleet } from "./fleet.ts";
import { gateway } from "./gateway.ts";
import type { Mutant } from "./mutant.ts";
import { operations } from "./operations.ts";
import { store } from "./store.ts";

/** All mutants, those of one suite together. */
export const mutants: readonly Mutant[] = [...fleet, ...operations, ...gateway, ...store];

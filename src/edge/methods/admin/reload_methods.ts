import { z } from "zod";
import { type AdminMethod, adminMethod } from "./method.ts";

/** A member of the configuration that differs on disk and takes a restart. */
export interface Pending {
  readonly member: string;
  readonly reason: string;
}

/** What came of reading the configuration again. */
export interface ReloadedConfig {
  /** Members that differ from before and are in force now. */
  readonly changed: readonly string[];
  /** Members that differ from what is in force, and are not: each takes a restart. */
  readonly restart: readonly Pending[];
  /** What is odd about the configuration, and does not keep it from being used. */
  readonly warnings: readonly string[];
}

/** What came of reading the customers again. */
export interface ReloadedCustomers {
  /** Customers in the list that is in force now, and their usable keys. */
  readonly customers: number;
  readonly keys: number;
  /** What is odd about the list, or why the one before stays. */
  readonly warnings: readonly string[];
}

/** Reads again what an operator may have changed. */
export interface Reloading {
  /** @throws {RpcError} `badConfiguration`: then all is as it was */
  config(): Promise<ReloadedConfig>;
  /** @throws {RpcError} `badConfiguration`: then all is as it was */
  customers(): Promise<ReloadedCustomers>;
}

const Warnings = z.array(z.string());

/** The methods that read again what an operator may have changed. */
export function reloadMethods({ reloading }: { readonly reloading: Reloading }): readonly AdminMethod[] {
  return [
    adminMethod({
      name: "config.Reload",
      summary: "Read the configuration, the customers and the certificate again, as SIGHUP does",
      description: "One that cannot be used is refused, and nothing of it is in force.",
      does: "changes",
      waitsForOthers: true,
      params: z.object({}),
      result: z.object({
        changed: z.array(z.string()).describe("Members that differ from before and are in force now."),
        restart: z.array(z.object({ member: z.string(), reason: z.string() })).describe(
          "Members that differ from what is in force, and take a restart.",
        ),
        warnings: Warnings,
      }),
      errors: ["badConfiguration"],
      run: async () => {
        const { changed, restart, warnings } = await reloading.config();
        return { changed: [...changed], restart: [...restart], warnings: [...warnings] };
      },
    }),
    adminMethod({
      name: "customers.Reload",
      summary: "Read the customers again, or ask the customer API now",
      does: "changes",
      waitsForOthers: true,
      params: z.object({}),
      result: z.object({
        customers: z.int().describe("Customers in the list that is in force now."),
        keys: z.int().describe("Their keys that can be used."),
        warnings: Warnings.describe("What is skipped, and why the list before stays where it does."),
      }),
      errors: ["badConfiguration"],
      run: async () => {
        const { customers, keys, warnings } = await reloading.customers();
        return { customers, keys, warnings: [...warnings] };
      },
    }),
  ];
}

import { z } from "zod";
import { type Method, method } from "../rpc/json_rpc.ts";

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

/** `config.Reload` and `customers.Reload`, for operators, whichever way they call. */
export function reloadMethods<Call>(reloading: Reloading): Record<string, Method<Call>> {
  return {
    "config.Reload": method(z.object({}), () => reloading.config()),
    "customers.Reload": method(z.object({}), () => reloading.customers()),
  };
}

import { type AuditedParams, auditParams } from "./audit_params.ts";
import { log } from "./log.ts";
import type { CallOutcome } from "./stats.ts";

/** A call as the audit knows it; what the edge tells of one has all of it. */
export interface AuditedCall {
  readonly method: string;
  readonly params: unknown;
  readonly caller: {
    readonly address: string;
    readonly internal: boolean;
    readonly by: string | undefined;
    readonly role: string | undefined;
    readonly customer: string | undefined;
  };
  readonly outcome: CallOutcome;
  readonly error: unknown;
}

/** One line of the audit file. */
export interface AuditRecord {
  /** ISO 8601. */
  readonly time: string;
  readonly address: string;
  /** `customer` for a token; else the user's role, `any` where it has none. */
  readonly role: string;
  /** Id of the key, or name of the user. */
  readonly by?: string | undefined;
  readonly customer?: string | undefined;
  readonly method: string;
  readonly params: unknown;
  readonly outcome: CallOutcome;
  readonly error?: { readonly code?: number; readonly message: string } | undefined;
}

/** What is no decision of anybody: what clients and servers do all day. A server that fetches its key is told. */
const EVERY_DAY = new Set(["Connect", "sfu.Report", "SubmitReport"]);

/** Which records the log has: all; those of calls that change something, or would have; none. */
export type AuditLog = "all" | "changes" | "off";

/** Where records go. */
export interface AuditOptions {
  readonly log: AuditLog;
  /** Whether a method only shows something. */
  readonly shows: (method: string) => boolean;
  /** Which params of a method a record shows; if absent, none. */
  readonly shown: (method: string) => AuditedParams | undefined;
  /** Takes a record for the audit file, where there is one; must not wait for it. */
  readonly write?: ((record: AuditRecord) => void) | undefined;
  readonly unixTime?: () => number;
}

/** Records every call of management and of operators, and every server that fetches its private key. */
export function createAudit(
  { log: logged, shows, shown, write, unixTime = Date.now }: AuditOptions,
): (call: AuditedCall) => void {
  return (call) => {
    if (EVERY_DAY.has(call.method)) return;
    const record = recordOf(call, shown(call.method), unixTime());
    if (logged === "all" || (logged === "changes" && !shows(call.method))) logRecord(record);
    write?.(record);
  };
}

function logRecord(record: AuditRecord): void {
  const { by, outcome, error } = record;
  log.info("{role} {by} at {address} called {method} {params}: {result}", {
    ...record,
    by: by ?? "(nobody by name)",
    result: error === undefined ? outcome : `${outcome}, ${error.message}`,
  });
}

function recordOf(
  { method, params, caller, outcome, error }: AuditedCall,
  shown: AuditedParams | undefined,
  unixTime: number,
): AuditRecord {
  const { address, internal, by, role, customer } = caller;
  return {
    time: new Date(unixTime).toISOString(),
    address,
    role: internal ? role ?? "any" : "customer",
    by,
    customer,
    method,
    params: auditParams(params ?? {}, shown),
    outcome,
    error: outcome === "success" ? undefined : errorOf(error),
  };
}

/** What the caller was told; of a fault of ours no more than that it was one. */
function errorOf(error: unknown): AuditRecord["error"] {
  const known = typeof error === "object" && error !== null && "toJSON" in error ? error : undefined;
  if (!(known instanceof Error) || typeof known.toJSON !== "function") return { message: "internal error" };
  const { code, message } = known.toJSON() as { code: number; message: string };
  return { code, message };
}

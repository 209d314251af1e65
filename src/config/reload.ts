import { isDeepStrictEqual } from "node:util";
import { agreeIn } from "./agreed.ts";
import { describeIssues } from "./hints.ts";
import { ConfigSchema, type Settings } from "./schema.ts";

/**
 * What a reload does with each member of the configuration: `"reload"` takes it over; any other text says why it takes a
 * restart. A member within one has an entry of its own where it differs from that one. A test holds this complete.
 */
export const RELOADS: Readonly<Record<string, string>> = {
  logLevel: "reload",
  logFormat: "reload",
  useSsl: "the listener is opened at the start",
  http: "the listener is opened at the start",
  "https.hostname": "the listener is opened at the start",
  "https.port": "the listener is opened at the start",
  "https.certFile": "reload",
  "https.keyFile": "reload",
  customers: "reload",
  customerApi: "reload",
  unknownCustomers: "reload",
  sfuPools: "reload",
  sfuConfig: "reload",
  loginToken: "reload",
  masterKey: "servers have keys that are derived from it",
  internal: "reload",
  operations: "reload",
  "operations.enabled": "the listener for operators is opened at the start",
  "operations.hostname": "the listener for operators is opened at the start",
  "operations.port": "the listener for operators is opened at the start",
  "operations.users": "reload",
  audit: "the audit file is opened at the start",
  webhooks: "webhooks are started at the start",
  metrics: "metrics are made at the start",
  rates: "reload",
  shedding: "reload",
  trustedProxies: "reload",
  placement: "reload",
  tasks: "reload",
  startup: "it matters at the start only",
  durability: "reload",
  bans: "reload",
  compatibility: "reload",
  connections: "reload",
  limits: "reload",
  store: "the store is opened at the start",
  "limits.webhookEvents": "webhooks are started at the start",
  "limits.webhookBytes": "webhooks are started at the start",
  "limits.headers": "the parser of the listener is made at the start",
};

/** Why a member takes a restart; nothing where a reload takes it over. @param path `limits.headers` */
export function needsRestart(path: string): string | undefined {
  for (let member = path; member !== ""; member = member.slice(0, Math.max(0, member.lastIndexOf(".")))) {
    const what = RELOADS[member];
    if (what !== undefined) return what === "reload" ? undefined : what;
  }
  throw new Error(`no entry for ${path} in the table of what a reload does`);
}

/** A member of the configuration that differs on disk and takes a restart. */
export interface Pending {
  readonly member: string;
  readonly reason: string;
}

/** What differs between two configurations. */
export interface Difference {
  /** Members that differ, as paths, and are taken over. */
  readonly changed: readonly string[];
  /** Those that differ and take a restart, of this gateway or of all that share its store. */
  readonly restart: readonly Pending[];
  /** The later configuration, with the earlier one's members where they take a restart. */
  readonly inForce: Settings;
  /** What does not go together in that, although it does in each of the two: `operations.users: expected …`. */
  readonly conflicts: readonly string[];
}

/** Why a member that all gateways must have in common takes a restart where there may be others. */
const RESTART_OF_ALL =
  "the gateways that share the store must have the same; stop them all, then start them with the new one";

/** Compares the configuration in force with one that was read again. */
export function differenceOf(before: Settings, after: Settings): Difference {
  const shared = before.store.redis !== undefined;
  const changed: string[] = [];
  const restart: Pending[] = [];
  const takesOver = (member: string) => {
    const reason = needsRestart(member) ??
      (shared && !agreeIn(member, before, after) ? RESTART_OF_ALL : undefined);
    if (reason === undefined) changed.push(member);
    else restart.push({ member, reason });
    return reason === undefined;
  };
  const inForce = merge(before, after, "", takesOver) as Settings;
  const checked = ConfigSchema.safeParse(inForce);
  const conflicts = checked.success ? [] : describeIssues(checked.error, inForce);
  return { changed, restart, inForce, conflicts };
}

/** Members are looked into down to this depth: `limits.headers`. What is deeper is one value, as a list is. */
const DEPTH = 2;

/** @param takesOver asked for each member that differs */
function merge(
  before: unknown,
  after: unknown,
  path: string,
  takesOver: (member: string) => boolean,
  depth = 0,
): unknown {
  if (depth < DEPTH && isGroup(before) && isGroup(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    const merged: Record<string, unknown> = {};
    for (const name of names) {
      const member = path === "" ? name : `${path}.${name}`;
      const value = merge(before[name], after[name], member, takesOver, depth + 1);
      if (value !== undefined) merged[name] = value;
    }
    return merged;
  }
  if (isSame(before, after)) return after;
  return takesOver(path) ? after : before;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A function that was read again is another one with the same text; what it refers to may have changed all the same. */
function isSame(before: unknown, after: unknown): boolean {
  if (typeof before === "function" && typeof after === "function") return String(before) === String(after);
  return isDeepStrictEqual(before, after);
}

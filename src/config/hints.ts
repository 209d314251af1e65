import type { z } from "zod";

/** What is wrong with a configuration, a line each: which member, what was expected, what was found. */
export function describeIssues(error: z.ZodError, config: unknown): string[] {
  return error.issues.flatMap((issue) => describe(issue, [], config));
}

function describe(issue: z.core.$ZodIssue, parent: PropertyKey[], config: unknown): string[] {
  const path = [...parent, ...issue.path];
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    // The branch that got furthest is the one that was meant.
    const depth = (branch: readonly z.core.$ZodIssue[]) =>
      Math.max(0, ...branch.map((each) => each.path.length));
    const meant = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0]!;
    if (depth(meant) > 0) return meant.flatMap((each) => describe(each, path, config));
    const expected = issue.errors.flat().map((each) => each.message.replace(/^Invalid \w+: expected /, ""));
    return [`${name(path)}: expected ${[...new Set(expected)].join(" or ")}, found ${found(config, path)}`];
  }
  const message = issue.message.replace(/^Invalid \w+: /, "").replace(/, received .*$/, "");
  const inForce = issue.code === "custom" ? issue.params?.inForce : undefined;
  const byDefault = inForce === undefined ? "" : `, which is ${inForce}`;
  const its = found(config, path);
  return [`${name(path)}: ${message}, found ${its}${its === NOTHING ? byDefault : ""}`];
}

/** What is found where a member is left out. */
const NOTHING = "nothing";

function name(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the configuration";
  return path.map((key, i) => typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`)
    .join("");
}

/** Parts of a configuration where nothing is shown that might be a password or a key. */
const SECRET = /^(internal|operations|customers|customerApi|url)$|key|password|secret/i;

/** Texts that are shown: short ones of letters and digits, which are words or numbers rather than credentials. */
const A_WORD = /^[\w.\/-]{0,24}$/;

/** What stands at a path: its kind, and a value only where it is short and cannot be a secret. */
function found(config: unknown, path: readonly PropertyKey[]): string {
  let value: unknown = config;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  if (value === undefined) return NOTHING;
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" || typeof value === "function") {
    return typeof value === "object" ? "an object" : "a function";
  }
  const secret = path.some((key) => SECRET.test(String(key)));
  if (typeof value === "string") return secret || !A_WORD.test(value) ? "a text" : JSON.stringify(value);
  return secret && path[0] !== "customers" ? `a ${typeof value}` : String(value);
}

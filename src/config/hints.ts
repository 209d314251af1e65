import type { z } from "zod";

/** A member name that the schema does not know, and the known one it was probably meant to be. */
export interface UnknownMember {
  readonly path: string;
  readonly meant: string | undefined;
}

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
  return [`${name(path)}: ${message}, found ${found(config, path)}`];
}

/** Members of a configuration that the schema has no use for. */
export function unknownMembers(schema: z.ZodType, config: unknown, path = ""): UnknownMember[] {
  const shape = shapeOf(schema);
  if (shape === undefined || typeof config !== "object" || config === null) return [];
  return Object.entries(config).flatMap(([key, value]) => {
    const member = path === "" ? key : `${path}.${key}`;
    const known = shape[key];
    if (known !== undefined) return unknownMembers(known, value, member);
    const meant = Object.keys(shape).find((candidate) => isTypo(key, candidate));
    return [{ path: member, meant }];
  });
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> | undefined {
  const def = schema.def as {
    type: string;
    innerType?: z.ZodType;
    in?: z.ZodType;
    shape?: Record<string, z.ZodType>;
  };
  if (def.type === "object") return def.shape;
  const inner = def.innerType ?? def.in;
  return inner === undefined ? undefined : shapeOf(inner);
}

/** Same letters but for case, or one or two edits apart. */
function isTypo(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase() || distance(a, b) <= Math.min(2, Math.floor(b.length / 4));
}

/** Edits (insert, delete, replace) that make one text of the other: Levenshtein's distance. */
function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, above[j]! + 1, row[j - 1]! + 1));
    }
    above = row;
  }
  return above[b.length]!;
}

function name(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the configuration";
  return path.map((key, i) => typeof key === "number" ? `[${key}]` : `${i > 0 ? "." : ""}${String(key)}`)
    .join("");
}

/** What stands at a path, short, and never the value of a secret. */
function found(config: unknown, path: readonly PropertyKey[]): string {
  if (path.some((key) => /key|password|secret/i.test(String(key)))) return "something else";
  let value: unknown = config;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
  if (value === undefined) return "nothing";
  if (typeof value === "number" || typeof value === "function") {
    return typeof value === "number" ? String(value) : "a function";
  }
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

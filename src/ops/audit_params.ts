/** Tells whether a value is what a param may be; a schema does. */
interface Schema {
  safeParse(value: unknown): { readonly success: boolean };
}

/** Params of a method that a record shows, by name; of a payload it shows how much it is. */
export type AuditedParams = Readonly<Record<string, Schema | "payload">>;

/** Longest text that a record shows, in characters: anybody may send anything. */
const LONGEST = 1024;

/**
 * Params as an audit record shows them. What is not known to be harmless is not shown: neither members that the method does
 * not have (a payload under a misspelt name, say), nor values that its schema refuses; of those, how much it is.
 *
 * @param known if absent, nothing is shown
 */
export function auditParams(params: unknown, known: AuditedParams = {}): unknown {
  if (typeof params !== "object" || params === null || Array.isArray(params)) return sizeOf(params);
  const shown: [string, unknown][] = [];
  for (const [name, schema] of Object.entries(known)) {
    if (!Object.hasOwn(params, name)) continue;
    const value: unknown = Reflect.get(params, name);
    const isShown = schema !== "payload" && schema.safeParse(value).success;
    shown.push([name, isShown ? cut(value) : sizeOf(value)]);
  }
  const further = Object.keys(params).length - shown.length;
  return Object.fromEntries(further > 0 ? [...shown, ["…", further]] : shown);
}

function sizeOf(value: unknown): unknown {
  if (typeof value === "string") return { characters: value.length };
  if (Array.isArray(value)) return { items: value.length };
  return typeof value === "object" && value !== null ? { members: Object.keys(value).length } : typeof value;
}

function cut(value: unknown): unknown {
  return typeof value === "string" && value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;
}

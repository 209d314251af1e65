/** Params whose content is the customers' own, or long: how much it is is told, and not what. */
const PAYLOADS = new Set(["user_data", "message", "config", "password", "secret", "token"]);

/** What a record shows of the params of a call, at most: anybody may send anything. */
const MOST = { members: 16, name: 64, text: 1024, items: 4, depth: 2 };

/** Params as an audit record shows them: without payloads, and bounded. */
export function auditParams(params: unknown, depth: number = MOST.depth): unknown {
  if (typeof params === "string") return cut(params, MOST.text);
  if (typeof params === "number" || typeof params === "boolean" || params === null) return params;
  if (Array.isArray(params)) {
    if (params.length > MOST.items || depth === 0) return { items: params.length };
    return params.map((item) => auditParams(item, depth - 1));
  }
  if (typeof params !== "object") return undefined;
  const members = Object.entries(params);
  if (depth === 0) return { members: members.length };
  const shown: [string, unknown][] = members.slice(0, MOST.members).map(([name, value]) => [
    cut(name, MOST.name),
    PAYLOADS.has(name) ? sizeOf(value) : auditParams(value, depth - 1),
  ]);
  if (members.length > MOST.members) shown.push(["…", members.length - MOST.members]);
  return Object.fromEntries(shown);
}

function sizeOf(payload: unknown): unknown {
  if (typeof payload === "string") return { characters: payload.length };
  return Array.isArray(payload) ? { items: payload.length } : typeof payload;
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}

import { recommendedServerConfig } from "./recommended.ts";

/** Stands for what is not shown. */
const SECRET = "(secret)";

/** Stands for a text of which nobody here knows whether it is one. */
const PERHAPS_SECRET = "(not shown)";

/** Names of members that hold secrets, as far as they are texts. A new one that is named so is not shown, either. */
const SECRET_NAME = /pass|pwd|secret|token|credential|auth|key|dsn/i;

/** Members that are named like a secret, and are none. */
const NO_SECRETS = new Set(["certFile", "keyFile", "tokenWithoutSub"]);

/** Members that are too long to show, and what to call instead. */
const SHOWN_ELSEWHERE: Readonly<Record<string, string>> = { customers: "see customer.List" };

/**
 * Members of what servers are recommended whose texts are no secrets. An operator may recommend whatever servers take, under
 * names that say nothing to us.
 */
const RECOMMENDED: object = recommendedServerConfig(0, "");

/** What JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/**
 * A configuration as people may see it, as JSON: secrets are masked, functions and infinite numbers are named, and the
 * customers are counted.
 */
export function maskedConfig(settings: object): { [name: string]: Json } {
  const shown: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(settings)) {
    if (value === undefined) continue;
    const elsewhere = SHOWN_ELSEWHERE[name];
    shown[name] = elsewhere !== undefined && Array.isArray(value)
      ? `${value.length} entries, ${elsewhere}`
      : masked(name, value, [name]);
  }
  return shown;
}

/** @param path names from the outermost member to this one */
function masked(name: string, value: unknown, path: readonly string[]): Json {
  switch (typeof value) {
    case "string":
      if (SECRET_NAME.test(name) && !NO_SECRETS.has(name)) return SECRET;
      return isUnknownRecommendation(path) ? PERHAPS_SECRET : withoutCredentials(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "function":
      return "(function)";
    case "object":
      break;
    default:
      return String(value);
  }
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((each) => masked(name, each, path));
  const members = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(members.map(([name, each]) => [name, masked(name, each, [...path, name])]));
}

function isUnknownRecommendation([outer, inner, ...names]: readonly string[]): boolean {
  if (outer !== "sfuConfig" || inner !== "recommended") return false;
  let known: unknown = RECOMMENDED;
  for (const name of names) {
    if (typeof known !== "object" || known === null || !Object.hasOwn(known, name)) return true;
    known = (known as Readonly<Record<string, unknown>>)[name];
  }
  return false;
}

/** A URL may hold a user with a password, or a token in its path or among what it asks for. */
function withoutCredentials(text: string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  const url = URL.parse(text);
  if (url === null) return SECRET;
  if (`${url.username}${url.password}${url.search}${url.hash}` === "" && url.pathname.length <= 1) {
    return text;
  }
  if (url.username !== "") url.username = "user";
  if (url.password !== "") url.password = "secret";
  if (url.pathname.length > 1) url.pathname = "/secret";
  if (url.search !== "") url.search = "?secret";
  if (url.hash !== "") url.hash = "#secret";
  return url.href;
}

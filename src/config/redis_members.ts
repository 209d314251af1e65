import { z } from "zod";
import { endpoint } from "./members.ts";

/** What an operator has to know of passwords in URLs. */
const ESCAPES = "in user and password, write % as %25, / as %2F, # as %23, ? as %3F and @ as %40";

/**
 * User and password of a URL, as they were before they were escaped; each only where the URL has it.
 *
 * @returns undefined where an escape in them is none
 */
export function credentialsIn(
  { username, password }: URL,
): { readonly username?: string; readonly password?: string } | undefined {
  try {
    return {
      ...(username === "" ? {} : { username: decodeURIComponent(username) }),
      ...(password === "" ? {} : { password: decodeURIComponent(password) }),
    };
  } catch {
    return undefined; // URIError, and nothing else
  }
}

/** Where a Redis is. */
export const redisUrl = z.string().superRefine((text, context) => {
  const url = URL.parse(text);
  const wrong = (message: string) => context.addIssue({ code: "custom", message });
  if (!/^rediss?:\/\//.test(text)) return wrong("expected a URL that begins with redis:// or rediss://");
  if (url === null || url.hostname === "") {
    return wrong(`expected a URL as redis://user:password@host:6379; ${ESCAPES}`);
  }
  if (credentialsIn(url) === undefined) wrong(`a % in it begins no escape; ${ESCAPES}`);
  if (!/^(\/\d{0,5})?$/.test(url.pathname) || url.search !== "" || url.hash !== "") {
    wrong("expected a URL of host, port and at most the number of a database: redis://host:6379/0");
  }
}).meta({ expected: "text, a URL" });

/** Where Redis is, and how to speak to it: members of `store.redis`. */
export const RedisMembers = z.object({
  url: redisUrl.optional().describe(
    "Where Redis is: `redis://host:6379`, or `rediss://` for TLS. It may hold user, password and the number of the database. " +
      "Either this or `sentinels`. On the command line, `--store`.",
  ),
  sentinels: z.object({
    name: z.string().min(1).default("mymaster").describe(
      "Name of the primary, as the sentinels know it.",
    ),
    addresses: z.array(endpoint).min(1).describe(
      "The sentinels, each `host:port`; one that answers is enough.",
    ),
    username: z.string().min(1).optional().describe("User of the sentinels, if they ask for one."),
    password: z.string().min(1).optional().describe(
      "Password of the sentinels, if they ask for one; better in the environment, as `ODIN_GATEWAY_SENTINEL_PASSWORD`.",
    ),
  }).optional().describe("Who knows which Redis is the primary now, instead of `url`."),
  username: z.string().min(1).optional().describe("User of Redis, if it asks for one."),
  password: z.string().min(1).optional().describe(
    "Password of Redis, if it asks for one; better in the environment, as `ODIN_GATEWAY_REDIS_PASSWORD`.",
  ),
  tls: z.union([
    z.boolean(),
    z.object({
      caFile: z.string().min(1).optional().describe(
        "PEM file with the certificates of those who may sign Redis's; if absent, whom the system trusts.",
      ),
      certFile: z.string().min(1).optional().describe(
        "PEM file with the certificate that the gateway shows, where Redis asks for one.",
      ),
      keyFile: z.string().min(1).optional().describe("PEM file with that certificate's private key."),
    }).refine(
      ({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined),
      "expected certFile and keyFile together",
    ),
  ]).default(false).describe(
    "Whether connections are encrypted, or an object that says with which certificates.",
  ),
  prefix: z.string().regex(/^[^\s{}]*\{[^\s{}]+\}[^\s{}]*$/, "expected a text in braces, as in {odin}:")
    .default("{odin}:")
    .describe("What all keys begin with. Fleets that share one Redis have different ones."),
  replicas: z.boolean().default(false).describe(
    "Whether Redis has replicas: calls that must survive loss of power are then answered once one of them has the changes.",
  ),
});

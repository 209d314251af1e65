import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { type Address, type Licence, parseAddress, unvouchedCustomer } from "../fleet/mod.ts";
import type { KeyRing } from "./key_ring.ts";
import type { ServerKeys } from "./server_keys.ts";
import { decodePart, isSignedBy, splitToken, type TokenParts } from "./signature.ts";

/** Who a verified token speaks for, and what it allows. */
export interface ClientToken {
  /** Id of the key that signed it. */
  readonly keyId: string;
  /** Whether its signature was checked; if not, anybody may have made it. */
  readonly signed: boolean;
  readonly customer: string;
  readonly licence: Licence;
  readonly namespace: string;
  /** The `rid` claim as it came. */
  readonly rid: string | readonly string[];
  /** The room names in it. */
  readonly rooms: readonly string[];
  readonly user: string;
  /** The methods that the token names, in lower case; without, it may only `Connect`. */
  readonly methods: readonly string[] | undefined;
  /** The server asked for. */
  readonly server: Address | undefined;
  readonly tags: readonly string[] | undefined;
  readonly upstream: string | undefined;
  /** The only pools whose servers may take its rooms; without, any. */
  readonly pools: readonly string[] | undefined;
}

/** Why a token is not accepted; the message may be shown to the caller. */
export class UnacceptableToken extends Error {
  override readonly name = "UnacceptableToken";
}

/** What tokens are verified with and against. */
export interface TokenTrust {
  readonly customers: KeyRing;
  readonly servers: ServerKeys;
  /** The pools that a customer is bound to, if any; a server that acts for it is bound with it. */
  readonly poolsOf?: ((customer: string) => readonly string[] | undefined) | undefined;
  /** Limits for tokens of unknown keys, whose signature cannot be checked; without, they are refused. */
  readonly unknownCustomers: Licence | undefined;
  /** Tolerance for the time window, in seconds. */
  readonly leeway: number;
}

const UNLIMITED: Licence = { maxPeers: Infinity, maxRooms: Infinity };

/** Whether a value is a name or an id: well-formed Unicode of 1 to 1024 bytes in UTF-8. */
export function isName(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= 1024 && value.isWellFormed() &&
    (value.length <= 341 || Buffer.byteLength(value) <= 1024);
}

/** A name or an id. */
export const Name = z.custom<string>(isName, "must be well-formed Unicode of 1 to 1024 bytes in UTF-8");

function isText(value: unknown): value is string {
  return typeof value === "string";
}

/** An array checked by a plain loop, up to the first fault: a schema for each item would make an issue of each. */
function arrayOf<T>(is: (item: unknown) => item is T, expected: string, min = 0): z.ZodType<T[]> {
  return z.custom<T[]>(
    (value) => Array.isArray(value) && value.length >= min && value.every(is),
    { error: expected, abort: true },
  );
}

const Names = z.union([
  z.string().pipe(Name),
  arrayOf(isName, "expected names of 1 to 1024 bytes of UTF-8, at least one", 1),
]);
const Strings = arrayOf(isText, "expected an array of texts");
const Texts = z.union([z.string().transform((text) => [text]), Strings]);

const Header = z.object({
  alg: z.literal("EdDSA"),
  kid: z.union([z.string(), z.number()]).transform(String),
  crv: z.literal("Ed25519").optional(),
  // Extensions that a token says must be understood (RFC 7515 §4.1.11); none are.
  crit: z.undefined("a token with extensions (crit) is not accepted").optional(),
});

const Claims = z.object({
  rid: Names,
  uid: Name,
  sub: Texts.optional(),
  aud: Texts.optional(),
  exp: z.int().optional(),
  nbf: z.int().optional(),
  internal: z.object({ server: z.string().optional() }).optional(),
  adr: z.string().optional(),
  tgs: Strings.optional(),
  ups: z.string().optional(),
  cid: Name.optional(),
  nsp: Name.optional(),
});

const ClaimedMethods = Claims.pick({ sub: true });

/**
 * Verifies a client's token: by the key that its `kid` names, then its claims (`docs/protocol.md` §3).
 *
 * @param now unix time in seconds
 * @throws {UnacceptableToken} with the cause
 */
export function verifyClientToken(token: string, trust: TokenTrust, now: number): ClientToken {
  const parts = decode(() => splitToken(token));
  const kid = keyIdOf(parts.header);
  const customer = trust.customers.get(kid);
  if (customer !== undefined) {
    const claims = verifiedClaims(parts, customer.key, trust, now);
    return clientToken(kid, claims, customer, true);
  }
  const server = trust.servers.find(kid);
  if (server !== undefined) {
    const claims = verifiedClaims(parts, server.key, trust, now);
    const { cid, nsp } = claims;
    if (!cid || !nsp) throw new UnacceptableToken("a token signed by a server needs the claims cid and nsp");
    const pools = trust.poolsOf?.(cid);
    return clientToken(kid, claims, { customer: cid, namespace: nsp, licence: UNLIMITED, pools }, true);
  }
  const unvouched = unvouchedCustomer(kid);
  if (trust.unknownCustomers === undefined || namesIn(trust.customers).has(unvouched)) {
    throw new UnacceptableToken("the token's key (kid) is not known");
  }
  const claims = verifiedClaims(parts, undefined, trust, now);
  const owner = { customer: unvouched, namespace: unvouched, licence: trust.unknownCustomers };
  return clientToken(kid, claims, owner, false);
}

/**
 * The methods that a token names, in lower case, whoever has signed it: only to put off what can be put off.
 *
 * @throws {UnacceptableToken} where it is malformed
 */
export function claimedMethods(token: string): readonly string[] | undefined {
  const claims = parse(ClaimedMethods, decode(() => decodePart(splitToken(token).claims)), "claim");
  return claims.sub?.map((method) => method.toLowerCase());
}

/**
 * Whose token this would be, if it were signed as it says: for a look at limits before the signature is checked. Nothing
 * where it names no customer's key.
 *
 * @throws {UnacceptableToken} where it is malformed
 */
export function claimedOwner(
  token: string,
  trust: TokenTrust,
): Pick<ClientToken, "keyId" | "customer" | "signed"> | undefined {
  const keyId = keyIdOf(decode(() => splitToken(token)).header);
  const key = trust.customers.get(keyId);
  if (key !== undefined) return { keyId, customer: key.customer, signed: true };
  if (trust.unknownCustomers === undefined || trust.servers.find(keyId) !== undefined) return undefined;
  return { keyId, customer: unvouchedCustomer(keyId), signed: false };
}

/** Names by which customers with keys are known, and their namespaces: nobody speaks for one of these without its key. */
const names = new WeakMap<KeyRing, ReadonlySet<string>>();

function namesIn(ring: KeyRing): ReadonlySet<string> {
  let known = names.get(ring);
  if (known === undefined) {
    known = new Set(Array.from(ring.values(), ({ customer, namespace }) => [customer, namespace]).flat());
    names.set(ring, known);
  }
  return known;
}

type Claims = z.infer<typeof Claims>;

/** @param key the key that must have signed the token; without, nothing is known to check it with */
function verifiedClaims(
  token: TokenParts,
  key: KeyObject | undefined,
  trust: TokenTrust,
  now: number,
): Claims {
  if (key !== undefined && !isSignedBy(token, key)) {
    throw new UnacceptableToken("the token's signature is wrong");
  }
  const claims = parse(Claims, decode(() => decodePart(token.claims)), "claim");
  if (claims.aud !== undefined && !claims.aud.includes("gateway")) {
    throw new UnacceptableToken("the token is for another audience (aud) than gateway");
  }
  if (claims.exp !== undefined && now > claims.exp + trust.leeway) {
    throw new UnacceptableToken("the token has expired");
  }
  if (claims.nbf !== undefined && now < claims.nbf - trust.leeway) {
    throw new UnacceptableToken("the token is not valid yet; check the clocks");
  }
  return claims;
}

function clientToken(
  keyId: string,
  claims: Claims,
  owner: { customer: string; namespace: string; licence: Licence; pools?: readonly string[] | undefined },
  signed: boolean,
): ClientToken {
  return {
    keyId,
    signed,
    customer: owner.customer,
    licence: owner.licence,
    namespace: owner.namespace,
    rid: claims.rid,
    rooms: typeof claims.rid === "string" ? [claims.rid] : claims.rid,
    user: claims.uid,
    methods: claims.sub?.map((method) => method.toLowerCase()),
    server: parseAddress(claims.internal?.server ?? claims.adr ?? ""),
    tags: claims.tgs,
    upstream: claims.ups,
    pools: owner.pools,
  };
}

function decode<T>(run: () => T): T {
  try {
    return run();
  } catch {
    throw new UnacceptableToken("the token is malformed: expected a compact JWS");
  }
}

/** Key ids by the header that names them: all tokens of a customer's key have the same. Strangers' input, so bounded. */
const keyIds = new Map<string, string>();
const KEY_IDS = { entries: 1000, headerLength: 256 };

function keyIdOf(header: string): string {
  const known = keyIds.get(header);
  if (known !== undefined) return known;
  const { kid } = parse(Header, decode(() => decodePart(header)), "header");
  if (keyIds.size >= KEY_IDS.entries) keyIds.clear();
  if (header.length <= KEY_IDS.headerLength) keyIds.set(header, kid);
  return kid;
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path, message } = result.error.issues[0]!;
  const place = path.length === 0 ? `the ${what}s of the token` : `the token's ${what} ${path.join(".")}`;
  throw new UnacceptableToken(`${place}: ${message}`);
}

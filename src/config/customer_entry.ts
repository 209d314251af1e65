import { z } from "zod";
import { isTypo } from "../misspelling.ts";
import { type Customer, isName } from "../tokens/mod.ts";
import { checkedLater, describeUnknown, unknownMembers } from "./unknown_members.ts";

const customerName = z.string().refine(isName, "expected well-formed Unicode of 1 to 1024 bytes in UTF-8");

/** A limit of a customer's licence. A customer API speaks JSON, which has no Infinity. */
const licenceLimit = z.custom<number | null | "Infinity">(
  (value) => value === null || value === "Infinity" || (typeof value === "number" && value >= 0),
  'expected a number of at least 0, or Infinity, null, "Infinity" or nothing for no limit',
).meta({ expected: 'number of at least 0; `Infinity`, `"Infinity"` or `null` for no limit' })
  .optional().transform((value) => typeof value === "number" ? value : Infinity);

/** What a JWK may say besides (RFC 7517 §4), without any use for it here. */
const unused = z.unknown().optional();

const PublicKeyEntry = z.object({
  kid: z.union([z.string(), z.number()]).transform(String)
    .describe("Key id, the one in the header of this key's tokens."),
  kty: z.literal("OKP").describe("Key type."),
  crv: z.literal("Ed25519").describe("Curve."),
  x: z.string().describe("The public key, base64url."),
  alg: unused,
  use: unused,
  key_ops: unused,
  ext: unused,
}).transform(({ kid, kty, crv, x }) => ({ kid, kty, crv, x }));

const boundPools = z.array(z.string().min(1)).min(1).optional();

const AccessKeyEntry = z.object({
  namespace: customerName.optional()
    .describe("Namespace of the rooms that this key's tokens may join. If absent, the customer's `id`."),
  pools: boundPools.describe(
    "The only pools whose servers may take the rooms of this key. If absent, those of the customer.",
  ),
  publicKey: PublicKeyEntry.describe(
    "The public key as a JSON Web Key (RFC 7517); other members that a JWK may have are ignored.",
  ),
});

/** A customer as it is configured, or as a customer API returns it. Its keys are looked at one by one later. */
export const CustomerEntry = z.object({
  id: customerName.describe("The customer's id; what licences, logs and `Info` call it."),
  maxPeers: licenceLimit.describe("Clients that may be connected at a time. If absent, there is no limit."),
  maxRooms: licenceLimit.describe("Rooms that may be open at a time. If absent, there is no limit."),
  pools: boundPools.describe("The only pools whose servers may take this customer's rooms. If absent, any."),
  accessKeys: z.array(checkedLater(AccessKeyEntry)).describe(
    "The customer's keys. A broken one is skipped with a warning that names it; the others load.",
  ),
});

/** An entry of the list of customers, one of its keys, or one of its members, that is not used. */
export interface BrokenEntry {
  readonly entry: string;
  readonly reason: string;
}

/**
 * Reads an entry of a list of customers, from the configuration or from a customer API. A broken entry or key is left out
 * and named, and so is a member that is not known; the rest loads.
 */
export function parseCustomer(entry: unknown, place: string, broken: BrokenEntry[]): Customer | undefined {
  for (const each of unknownMembers(CustomerEntry, entry, place)) {
    broken.push({ entry: each.path, reason: describeUnknown(each) });
  }
  const misspelt = misspeltLimit(entry);
  if (misspelt !== undefined) {
    broken.push({ entry: place, reason: `without ${misspelt} it would have no limit` });
    return undefined;
  }
  const parsed = CustomerEntry.safeParse(entry);
  if (!parsed.success) {
    broken.push({ entry: place, reason: firstIssue(parsed.error) });
    return undefined;
  }
  const accessKeys = parsed.data.accessKeys.flatMap((key, k) => {
    const read = AccessKeyEntry.safeParse(key);
    if (read.success) return [read.data];
    broken.push({
      entry: `customer "${parsed.data.id}", accessKeys[${k}]`,
      reason: firstIssue(read.error),
    });
    return [];
  });
  return { ...parsed.data, accessKeys };
}

/** Reads a whole list of customers at once, as {@link parseCustomer} reads each. */
export function parseCustomers(list: unknown): { customers: Customer[]; broken: BrokenEntry[] } {
  const broken: BrokenEntry[] = [];
  if (!Array.isArray(list)) broken.push({ entry: "customers", reason: "expected an array of customers" });
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  const customers = entries.flatMap((entry, i) => parseCustomer(entry, `customers[${i}]`, broken) ?? []);
  return { customers, broken };
}

/** The limit that is missing because its name is misspelt: that customer is not to be taken for one without a limit. */
function misspeltLimit(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const names = Object.keys(entry).filter((name) => !Object.hasOwn(CustomerEntry.shape, name));
  return ["maxPeers", "maxRooms"].find((limit) =>
    !Object.hasOwn(entry, limit) && names.some((name) => isTypo(name, limit))
  );
}

function firstIssue(error: z.ZodError): string {
  const { path, message } = error.issues[0]!;
  return `${path.join(".")}: ${message}`;
}

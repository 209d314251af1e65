import { refusal } from "./http/answer.ts";
import { RpcError } from "./errors.ts";
import type { HttpRequest } from "./http/message.ts";
import type { Exceeded, Payer, Rates } from "./limits/rates.ts";
import { notServed, Refusal } from "./refusal.ts";
import type { Settings } from "../config/schema.ts";
import {
  claimedMethods,
  claimedOwner,
  type ClientToken,
  type TokenTrust,
  UnacceptableToken,
  verifyClientToken,
} from "../tokens/mod.ts";

/** What the gate works with. */
export interface BearerContext {
  readonly limits: Settings["limits"];
  readonly trust: TokenTrust;
  /** How many requests a key, a customer or an address may make. */
  readonly rates: Rates;
}

/** The bearer token of a request (RFC 6750 §2.1), as it came. */
export function bearerOf(context: BearerContext, request: HttpRequest): string {
  return orUnauthorized(() => {
    const header = request.header("authorization");
    if (header === undefined) throw new UnacceptableToken("the Authorization header is missing");
    if (header.length > context.limits.authorization) {
      throw notServed("headerTooLong", "the Authorization header is too long");
    }
    if (!/^bearer /i.test(header)) {
      throw new UnacceptableToken("the Authorization header is not a Bearer token");
    }
    return header.slice("Bearer ".length).replace(/^[ \t]+|[ \t]+$/g, "");
  });
}

/** Whose token it is, verified, and admitted by the limits of key and customer. */
export function authorize(context: BearerContext, bearer: string, now: number): ClientToken {
  const { rates, trust } = context;
  const admitted = (payer: Payer, exceeded: Exceeded | undefined) => {
    if (exceeded === undefined) return;
    throw tooManyRequests(exceeded, payer.customer);
  };
  return orUnauthorized(() => {
    if (rates.isRefusing(now)) {
      // To check a signature costs more than all else that is done for a refused request.
      const payer = claimedOwner(bearer, trust);
      if (payer !== undefined) admitted(payer, rates.look(payer, now));
    }
    const token = verifyClientToken(bearer, trust, Math.floor(Date.now() / 1000));
    admitted(token, rates.admit(token, now));
    return token;
  });
}

/** Whether a token, be it genuine or not, could call nothing but Connect. */
export function isForConnectAlone(
  names: readonly string[],
  allows: (token: Pick<ClientToken, "methods">) => (name: string) => boolean,
  bearer: string,
): boolean {
  const allowed = allows({ methods: orUnauthorized(() => claimedMethods(bearer)) });
  return names.every((name) => name === "Connect" || !allowed(name));
}

/** Refuses with 401 what is not acceptable as a token. */
function orUnauthorized<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UnacceptableToken)) throw error;
    const unauthorized = new RpcError("unauthorized", error.message, undefined, { cause: error });
    const answer = refusal(unauthorized, {
      "WWW-Authenticate": 'Bearer realm="odin-gateway", error="invalid_token"',
    });
    throw new Refusal(answer, unauthorized, { call: "a call", cause: "unauthorized" });
  }
}

/** The refusal of a request that exceeds a limit, with the time after which to try again. */
export function tooManyRequests({ by, retryAfter }: Exceeded, customer?: string): Refusal {
  const error = new RpcError("tooManyRequests", TOO_MANY[by]);
  const answer = refusal(error, { "Retry-After": String(retryAfter) });
  return new Refusal(answer, error, customer === undefined ? {} : { customer });
}

const TOO_MANY: Readonly<Record<Exceeded["by"], string>> = {
  key: "too many requests of this key; try again later",
  customer: "too many requests of this customer; try again later",
  address: "too many requests from this address; try again later",
  "requests at a time": "too many requests at a time from this address; try again later",
};

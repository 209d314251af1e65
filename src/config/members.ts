/**
 * Members of the configuration that occur at several places, or take more than a line to check.
 *
 * @module
 */
import { z } from "zod";
import { parseAddress } from "../fleet/mod.ts";
import { otherFirstAddress, parseNetwork } from "./network.ts";
import { webhookKey } from "./webhook.ts";

export const seconds = z.number().positive().max(10 * 365 * 86400);
export const timeout = z.number().min(0.1).max(3600);
export const port = z.int().min(0).max(65535);
/** A bound on what is kept in memory; a JavaScript map holds 2²⁴ entries. */
export const count = z.int().min(1).max(8_000_000_000);
export const entries = z.int().min(1).max(8_000_000);
export const limit = z.custom<number>(
  (value) => typeof value === "number" && value >= 0,
  "expected a number of at least 0, or Infinity",
).meta({ expected: "number of at least 0, or `Infinity`" });

export const perSecond = z.union([z.number().positive().max(1_000_000), z.literal("off")]);

/** Servers are compared by the one spelling of their addresses: a pattern that is none of those would match nothing. */
export const serverPattern = z.string().min(1).superRefine((text, context) => {
  const address = parseAddress(text);
  if (text.includes("*") || address === text) return;
  const expected = address === undefined
    ? "host:port, or a text with *"
    : `${address}, as the gateway spells it`;
  context.addIssue({ code: "custom", message: `expected ${expected}` });
});

/** A network whose proxies are believed; everything is none, since then anybody could say to be anybody. */
export const proxyNetwork = z.string().superRefine((text, context) => {
  const network = parseNetwork(text);
  const wrong = (message: string) => context.addIssue({ code: "custom", message });
  if (network === undefined) return wrong("expected an IP address, or a network as 10.0.0.0/8 or fd00::/8");
  const { address, bits } = network;
  if (bits === 0) {
    return wrong(
      "expected the networks of your proxies alone: with this one, callers could claim any address",
    );
  }
  const first = otherFirstAddress(network);
  if (first !== undefined) {
    wrong(`expected ${first}/${bits} for that whole network, or ${address} for the address alone`);
  }
}).meta({ expected: "text, an IP address or a network in CIDR notation" });

/** A host and a port. */
export const endpoint = z.string().refine(
  (text) => parseEndpoint(text) !== undefined,
  "expected host:port",
).meta({ expected: "text, `host:port`" });

/** @returns undefined where it is no `host:port`; an IPv6 address is in brackets */
export function parseEndpoint(
  text: string,
): { readonly hostname: string; readonly port: number } | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:\s/@]+)):(\d{1,5})$/.exec(text) ?? [];
  const hostname = bracketed ?? plain;
  const port = Number(digits);
  return hostname === undefined || port < 1 || port > 65535 ? undefined : { hostname, port };
}

export const webhookUrl = z.string().superRefine((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    context.addIssue({ code: "custom", message: "expected a URL that begins with https:// or http://" });
  } else if (url.username !== "" || url.password !== "" || url.hash !== "") {
    const message = "expected a URL without user, password and #: the secret is what a receiver knows us by";
    context.addIssue({ code: "custom", message });
  }
}).meta({ expected: "text, a URL" });

export const webhookSecret = z.string().refine(
  (text) => webhookKey(text) !== undefined,
  "expected whsec_ and 24 to 64 bytes in base64, as `openssl rand -base64 32` makes them",
).meta({ expected: "text, `whsec_` and base64" });

export const pool = z.string().regex(
  /^[A-Za-z0-9][A-Za-z0-9_-]*$/,
  "expected a pool's name of letters, digits, - and _, which will be part of a path",
).refine((name) => name !== "internal", "internal cannot be a pool's name");

/** What a user of HTTP Basic is known by. */
export const basicUser = {
  name: z.string().min(1).regex(/^[^:]*$/, "expected no colon").describe(
    "User name of HTTP Basic; no colon.",
  ),
  password: z.string().min(1).describe(
    "Password; 16 characters or more cannot be guessed. Shorter ones are compared only now and then while somebody guesses " +
      "from the same address, but where they have been right before.",
  ),
};

import { StoreError } from "../port.ts";

/**
 * What went wrong: no connection, or one that broke (`lost`); no answer in time (`late`); taken for dead (`fenced`);
 * Redis said no (`refused`); or a later version says what this one would have to know (`outdated`), and that ends it.
 */
export type FaultKind = "lost" | "late" | "fenced" | "refused" | "outdated";

/** Why Redis cannot be used now. */
export class Fault extends StoreError {
  constructor(readonly kind: FaultKind, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What Redis's error codes and those of the system mean, and what to do; no text of a caller's is in them. */
const MEANINGS: readonly (readonly [start: RegExp, kind: FaultKind, meaning: string])[] = [
  [
    /^FENCED/,
    "fenced",
    "took this gateway for dead: it had not been heard for 2 s, or Redis has lost its data; it joins again",
  ],
  [/^LOADING/, "lost", "is still reading its data; it is tried again"],
  [/^READONLY/, "lost", "is a replica and takes no changes; name the primary, or its sentinels"],
  [/^MASTERDOWN/, "lost", "is a replica without its primary; name the primary, or its sentinels"],
  [
    /^(WRONGPASS|NOAUTH|ERR AUTH|ERR Client sent AUTH|ERR invalid password)/,
    "lost",
    "refuses the user name or the password; set `username` and `password` of `store.redis`",
  ],
  [
    /^NOPERM/,
    "refused",
    "does not let its user do that; it needs all commands on the gateway's keys, and FCALL, FUNCTION and WAIT",
  ],
  [/^OOM/, "refused", "has no memory left; raise its `maxmemory`"],
  [/^MISCONF/, "refused", "cannot write its files, and takes no changes until it can; see its log"],
  [/^ERR unknown command/, "refused", "is too old; 7.0 is needed"],
  [/^FORMAT/, "refused", "has data of a later version; run the gateway that wrote it"],
  [/ECONNREFUSED/, "lost", "refuses connections; is it running?"],
  [/ENOTFOUND|EAI_AGAIN|failed to lookup/, "lost", "is not known by that name; check the name"],
  [
    /UnknownIssuer|certificate|CERT|self.signed/i,
    "lost",
    "has a certificate that is not trusted; set `tls.ca`",
  ],
  [/timeout/i, "lost", "does not answer"],
  [/closed|offline|ECONNRESET|EPIPE|reset by peer|Disconnects/i, "lost", "has closed the connection"],
];

/** What Redis answers where a key holds something else, and how the functions name the key. */
const OTHER_DATA = /^WRONGTYPE|^ERR value is not an integer|^ERR increment or decrement would overflow/;
const NAMED = /\((.+)\)(?: script:|$)/;

/**
 * An error of the client, or one that Redis has answered, in an operator's words.
 *
 * @param key that the command was about, where it was about one
 */
export function faultOf(address: string, error: unknown, key?: string): Fault {
  if (error instanceof Fault) return error;
  const message = describe(error);
  if (OTHER_DATA.test(message)) {
    const named = NAMED.exec(message)?.[1] ?? key ?? "one of its keys";
    return new Fault(
      "refused",
      `Redis at ${address} has something at ${named} that is none of the gateways' data; remove it there, or set another ` +
        "`prefix` of `store.redis`",
      { cause: error },
    );
  }
  const [, kind, meaning] = MEANINGS.find(([start]) => start.test(message)) ?? [];
  return new Fault(kind ?? "refused", `Redis at ${address} ${meaning ?? `has failed: ${message}`}`, {
    cause: error,
  });
}

/** Where several attempts have failed, the first of their messages says why. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message === "" && error instanceof AggregateError) return describe(error.errors[0]);
  const code = "code" in error && typeof error.code === "string" ? ` ${error.code}` : "";
  return `${error.message}${code}`;
}

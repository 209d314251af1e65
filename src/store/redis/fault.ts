import { StoreError } from "../port.ts";

/**
 * What went wrong: no connection, or one that broke (`lost`); no answer in time (`late`); taken for dead (`fenced`);
 * Redis said no (`refused`); or a later version says what this one would have to know (`outdated`), and that ends it.
 */
export type FaultKind = "lost" | "late" | "fenced" | "refused" | "outdated";

/**
 * What may have another cause than it seems, which the connection can find out: Redis has closed it, or has a certificate that
 * nobody vouches for; TLS says the same of one that has ended.
 */
export type Symptom = "closed" | "untrusted";

interface FaultOptions extends ErrorOptions {
  /** Whether it passes by itself; if absent, as its kind does. */
  readonly passes?: boolean | undefined;
  readonly symptom?: Symptom | undefined;
}

/** Why Redis cannot be used now. */
export class Fault extends StoreError {
  override readonly passes: boolean;
  readonly symptom: Symptom | undefined;

  constructor(readonly kind: FaultKind, message: string, options: FaultOptions = {}) {
    const { passes, symptom, ...rest } = options;
    super(message, rest);
    this.passes = passes ?? (kind !== "refused" && kind !== "outdated");
    this.symptom = symptom;
  }
}

/** What is put right where Redis or its machine is looked after, or comes right by itself; else, in the configuration. */
const PASSES = true;
const MISTAKE = false;

/** What Redis's error codes and those of the system mean, and what to do; no text of a caller's is in them. */
const MEANINGS: readonly (readonly [
  start: RegExp,
  kind: FaultKind,
  passes: boolean,
  meaning: string,
  symptom?: Symptom,
])[] = [
  [
    /^FENCED/,
    "fenced",
    PASSES,
    "took this gateway for dead: it had not been heard for 2 s, or Redis has lost its data; it joins again",
  ],
  [/^LOADING/, "lost", PASSES, "is still reading its data; it is tried again"],
  [/^READONLY/, "lost", PASSES, "is a replica and takes no changes; name the primary, or its sentinels"],
  [/^MASTERDOWN/, "lost", PASSES, "is a replica without its primary; name the primary, or its sentinels"],
  [
    // A Redis with a password refuses long commands in words of their own.
    /^(WRONGPASS|NOAUTH|ERR (AUTH|Client sent AUTH|invalid password|Protocol error: unauthenticated))/,
    "lost",
    MISTAKE,
    "refuses the user name or the password; set `username` and `password` of `store.redis`",
  ],
  [
    /^NOPERM|can't run this command/,
    "refused",
    MISTAKE,
    "does not let its user do that; it needs all commands on the gateway's keys, and FCALL, FUNCTION and WAIT",
  ],
  [/^OOM/, "refused", PASSES, "has no memory left; raise its `maxmemory`"],
  [/^MISCONF/, "refused", PASSES, "cannot write its files, and takes no changes until it can; see its log"],
  [/^ERR unknown command/, "refused", MISTAKE, "is too old; 7.0 is needed"],
  [/^ERR DB index/, "refused", MISTAKE, "has no database of the number in `store.redis.url`"],
  [/^ERR max number of clients/, "lost", PASSES, "takes no more connections; raise its `maxclients`"],
  [/^FORMAT/, "refused", MISTAKE, "has data of a later version; run the gateway that wrote it"],
  [/ECONNREFUSED/, "lost", PASSES, "refuses connections; is it running?"],
  [/ENOTFOUND|EAI_AGAIN|failed to lookup/, "lost", PASSES, "is not known by that name; check the name"],
  [
    /CertificateRequired|CERTIFICATE_REQUIRED/,
    "lost",
    MISTAKE,
    "asks for a certificate; set `certFile` and `keyFile` of `store.redis.tls`",
  ],
  [
    /fatal alert: .*(CA|Certificate|Decrypt)|ALERT_.*(CERT|_CA\b)/,
    "lost",
    MISTAKE,
    "does not trust the gateway's certificate; look at `certFile` of `store.redis.tls`",
  ],
  [
    /ALTNAME|NotValidForName/,
    "lost",
    MISTAKE,
    "has a certificate for another name; name it in `store.redis` as its certificate does",
  ],
  [/CERT_HAS_EXPIRED|Expired/, "lost", MISTAKE, "has a certificate that has ended; renew it"],
  [
    /UnknownIssuer|certificate|CERT|self.signed/i,
    "lost",
    MISTAKE,
    "has a certificate that is not trusted; set `caFile` of `store.redis.tls` to those who signed it",
    "untrusted",
  ],
  [/timeout/i, "lost", PASSES, "does not answer"],
  [
    /closed|offline|ECONNRESET|EPIPE|reset by peer|Disconnects/i,
    "lost",
    PASSES,
    "has closed the connection",
    "closed",
  ],
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
  const [, kind, passes, meaning, symptom] = MEANINGS.find(([start]) => start.test(message)) ?? [];
  return new Fault(kind ?? "refused", `Redis at ${address} ${meaning ?? `has failed: ${message}`}`, {
    cause: error,
    passes: passes ?? PASSES, // what nobody has thought of is tried again: that costs a line each time
    symptom,
  });
}

/** Where several attempts have failed, the first of their messages says why. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message === "" && error instanceof AggregateError) return describe(error.errors[0]);
  const code = "code" in error && typeof error.code === "string" ? ` ${error.code}` : "";
  return `${error.message}${code}`;
}

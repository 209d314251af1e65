import { messageOf } from "../error_message.ts";
import type { AdminResults } from "../edge/methods/admin/results.ts";
import { misused, refused, unreachable } from "./failure.ts";

/** Where a gateway listens for operators, unless something else is said. */
const DEFAULT_URL = "http://127.0.0.1:7001";

/** An answer is waited for so long, in milliseconds. */
const ANSWER_WITHIN = 30_000;

/** Entries that a page of a list is asked for, at most. */
const PAGE = 1000;

type MethodName = keyof AdminResults;

/** Names of the methods that answer lists. */
export type ListName = {
  [Name in MethodName]: AdminResults[Name] extends { cursor: string | null } ? Name : never;
}[
  MethodName
];

/** An entry of the list that a method answers. */
export type EntryOf<Name extends ListName> = AdminResults[Name] extends infer Result
  ? { [Key in keyof Result]: Result[Key] extends readonly (infer Entry)[] ? Entry : never }[keyof Result]
  : never;

/** A piece of a list. */
export interface ListPage<Entry> {
  readonly entries: readonly Entry[];
  /** Whether there are more entries than were asked for. */
  readonly more: boolean;
}

/** The methods for operators of one gateway. */
export class Connection {
  /** Without user and password. */
  readonly shownUrl: string;
  readonly #url: URL;
  readonly #authorization: string | undefined;
  readonly #client: Deno.HttpClient;

  /**
   * @param given with or without a path; without, that of the methods on the operations listener
   * @param user `name:password`, before what the URL says
   * @param ca a file of certificates in PEM, whose owners are trusted besides those that the system trusts
   * @throws {Failure} where one of them is none
   */
  constructor(given: string | undefined, user: string | undefined, ca: string | undefined) {
    const url = given ?? DEFAULT_URL;
    const parsed = URL.parse(/^[a-z]+:\/\//i.test(url) ? url : `http://${url}`);
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw misused("the URL of the gateway is none: expected http://host:port");
    }
    const credentials = user ?? credentialsIn(parsed);
    if (credentials !== undefined && !/^[^:]+:/.test(credentials)) {
      throw misused("the user is none: expected name:password");
    }
    parsed.username = parsed.password = parsed.hash = "";
    if (parsed.pathname === "/") parsed.pathname = "/rpc";
    this.#url = parsed;
    this.shownUrl = parsed.href;
    this.#authorization = credentials === undefined
      ? undefined
      : `Basic ${Buffer.from(credentials).toString("base64")}`;
    this.#client = ca === undefined ? Deno.createHttpClient({}) : clientTrusting(ca);
  }

  /** @throws {Failure} where the gateway refuses, or cannot be reached */
  async call<Name extends MethodName>(method: Name, params: object): Promise<AdminResults[Name]> {
    const response = await this.#send(JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }));
    const answer: unknown = await response.json().catch(() => undefined);
    const { result, error } = isObject(answer) ? answer : {};
    if (isObject(error) && typeof error.message === "string") {
      throw refused(this.#reason(response, error.message));
    }
    if (isObject(result)) return result as AdminResults[Name];
    throw unreachable(`what answers at ${this.shownUrl} is no gateway (HTTP ${response.status})`);
  }

  /** A list, page by page, to so many entries at most; `more` on the last page if that was not all. */
  async *list<Name extends ListName>(
    method: Name,
    params: object,
    limit: number,
  ): AsyncGenerator<ListPage<EntryOf<Name>>> {
    let cursor: string | null | undefined;
    let left = limit;
    while (cursor !== null && left > 0) {
      const asked = cursor === undefined ? params : { cursor };
      const answer: AdminResults[ListName] = await this.call(method, {
        ...asked,
        limit: Math.min(PAGE, left),
      });
      const entries = Object.values(answer).find(Array.isArray) as EntryOf<Name>[];
      left -= entries.length;
      cursor = answer.cursor;
      yield { entries, more: cursor !== null && left <= 0 };
    }
  }

  async #send(body: string): Promise<Response> {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (this.#authorization !== undefined) headers.Authorization = this.#authorization;
    try {
      return await fetch(this.#url, {
        method: "POST",
        headers,
        body,
        client: this.#client,
        redirect: "error", // elsewhere nobody is to see the password
        signal: AbortSignal.timeout(ANSWER_WITHIN),
      });
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      throw unreachable(`${this.shownUrl} cannot be reached: ${causeOf(error)}`, error);
    }
  }

  #reason({ status, headers }: Response, message: string): string {
    if (status === 401) return `${message}; say who you are with --user or ODIN_GATEWAY_USER`;
    if (status === 404 || status === 405) return `${message}: is ${this.shownUrl} the operations listener?`;
    const wait = headers.get("retry-after");
    return wait === null ? message : `${message} (in ${wait} s)`;
  }
}

function clientTrusting(file: string): Deno.HttpClient {
  try {
    const certificates = Deno.readTextFileSync(file);
    if (!certificates.includes("-----BEGIN CERTIFICATE-----")) {
      throw new Error("it has no certificate in PEM");
    }
    return Deno.createHttpClient({ caCerts: [certificates] });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    throw misused(`--ca: ${file} cannot be used: ${messageOf(error)}`);
  }
}

function credentialsIn({ username, password }: URL): string | undefined {
  if (username === "") return undefined;
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch {
    throw misused("the user in the URL is not percent-encoded as it should be");
  }
}

/** What the runtime says in its longest way, cut to what matters. */
function causeOf(error: unknown): string {
  let cause = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const message = messageOf(cause);
  return message.replace(/^error (sending request|trying to connect)[^:]*(\([^)]*\))?: /, "")
    .replace(/^client error \(Connect\): /, "").replace(/^tcp connect error: /, "");
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import type { z } from "zod";
import type { CallOutcome } from "../../ops/stats.ts";
import { RpcError, type RpcErrorObject, RpcErrors } from "../errors.ts";
import { SlicedWork } from "../../sliced_work.ts";
import { BatchAnswer } from "./batch_answer.ts";
import { readJson } from "./json_body.ts";
import type { Turns } from "./turns.ts";
import { Written, written } from "./written.ts";

/*
 * JSON-RPC 2.0 is written out here, because a library (json-rpc-2.0) has to be wrapped in nearly as much to be
 * right (a batch of one is answered by an array, §6; `null` is a request to refuse, not to fail on), and its
 * promises took 10 to 15 µs of a Connect.
 */

/** A method: how its params are read, and what it does. `call` is what the edge knows about the caller. */
export interface Method<Call> {
  /** Whether it changes nothing, so that a call may be refused for the length of its answer; if absent, it does. */
  readonly onlyShows?: boolean;
  /** Whose turn it is, of a method that shows so much that one call is made at a time. */
  readonly turns?: Turns | undefined;
  /** Why the caller may not call it, if so. */
  refuse?(call: Call): string | undefined;
  /** @throws {RpcError} `invalidParams` */
  read(params: unknown, call: Call): unknown;
  run(params: never, call: Call, notification: boolean): Promise<object>;
}

/** How a call of a method ended, and what it was. */
export interface Ended<Call> {
  readonly method: string;
  readonly params: unknown;
  readonly call: Call;
  readonly outcome: CallOutcome;
  /** Why it did not succeed. */
  readonly error: unknown;
  /** In milliseconds. */
  readonly duration: number;
}

/** Told of what becomes of calls. */
export interface CallEnds<Call> {
  /** A call of a method that there is has ended, within what is around it. */
  ended(call: Ended<Call>): void;
  /** Something was refused that is no call of such a method. */
  noCall(call: Call, error: RpcError): void;
}

/** Faults that an answer names, at most. */
const FAULTS = 4;

/** Longest text of an answer that a request decides: ids, which come back, and the places of faults. */
const ECHO = 256;

/** Declares a method so that its params are typed by its schema. */
export function method<Call, Schema extends z.ZodType>(
  params: Schema,
  run: (params: z.output<Schema>, call: Call, notification: boolean) => Promise<object>,
): Method<Call> {
  return { read: (value) => parseParams(params, value), run: run as Method<Call>["run"] };
}

/** Declares a method whose params have a reader of their own, because they may be many. */
export function methodReading<Call, Params>(
  read: (params: unknown, call: Call) => Params,
  run: (params: Params, call: Call, notification: boolean) => Promise<object>,
): Method<Call> {
  return { read, run: run as Method<Call>["run"] };
}

/** What to send back: a JSON-RPC object or array as text, or `null`, and whether the gateway is unavailable. */
export interface RpcAnswer {
  readonly body: string | null;
  readonly unavailable: boolean;
}

type Id = string | number | null;

interface Request {
  /** Missing in a notification. */
  readonly id?: Id;
  readonly method: string;
  readonly params?: object;
}

type Response =
  | { readonly jsonrpc: "2.0"; readonly id: Id; readonly result: object | Written }
  | { readonly jsonrpc: "2.0"; readonly id: Id; readonly error: RpcErrorObject };

/** Runs a call of a method within something, a span say; resolves and rejects as the call does. */
export type AroundCall = <Result>(method: string, run: () => Promise<Result>) => Promise<Result>;

/** Answers JSON-RPC 2.0 requests, single and batch, with a set of methods. */
export class RpcServer<Call> {
  readonly #methods: ReadonlyMap<string, Method<Call>>;

  /**
   * @param methods by name, case-sensitive
   * @param batchLimit requests in a batch, at most
   * @param around what such calls run in; if absent, nothing
   */
  constructor(
    methods: Readonly<Record<string, Method<Call>>>,
    readonly batchLimit: number,
    readonly told: CallEnds<Call>,
    readonly around?: AroundCall | undefined,
  ) {
    this.#methods = new Map(Object.entries(methods));
  }

  /**
   * @param body the body, as it came
   * @param allows whether the caller may call a method of that name
   * @param further told how many requests a batch has besides its first
   * @throws {RpcError} `parseError` where it is not JSON in UTF-8, `invalidRequest` where too much of it is large
   */
  async answer(
    body: Uint8Array,
    call: Call,
    allows: (name: string) => boolean,
    further?: (requests: number) => void,
  ): Promise<RpcAnswer> {
    const json = await readJson(body);
    if (!Array.isArray(json)) return answerOf(await this.#one(json, call, allows));
    if (json.length === 0) return answerOf(this.#invalid(null, "the batch is empty", call));
    if (json.length > this.batchLimit) {
      return answerOf(this.#invalid(null, `a batch holds at most ${this.batchLimit} requests`, call));
    }
    further?.(json.length - 1);
    // One after the other: calls of a batch take effect in order.
    const responses: string[] = [];
    const shown = new BatchAnswer();
    const work = new SlicedWork();
    for (const request of json) {
      const response = await this.#one(request, call, allows, shown);
      if (response !== null) responses.push(textOf(response));
      if (work.due) await work.letOthersPass();
    }
    return { body: responses.length === 0 ? null : `[${responses.join(",")}]`, unavailable: false };
  }

  async #one(
    request: unknown,
    call: Call,
    allows: (name: string) => boolean,
    shown?: BatchAnswer,
  ): Promise<Response | null> {
    const wrong = whatIsWrong(request);
    if (wrong !== undefined) return this.#invalid(idOf(request) ?? null, wrong, call);
    const { id, method: name, params } = request as Request;
    try {
      const method = this.#methods.get(name);
      if (method === undefined) {
        const error = noSuchMethod();
        this.told.noCall(call, error);
        throw error;
      }
      const run = () => this.#run(name, method, params, call, id === undefined, allows(name), shown);
      const result = await (this.around === undefined ? run() : this.around(name, run));
      return id === undefined ? null : { jsonrpc: "2.0", id, result };
    } catch (error) {
      if (id === undefined) return null;
      const known = error instanceof RpcError
        ? error
        : new RpcError("internal", "internal error", undefined, { cause: error });
      return { jsonrpc: "2.0", id, error: known.toJSON() };
    }
  }

  #invalid(id: Id, cause: string, call: Call): Response {
    const error = new RpcError("invalidRequest", cause);
    this.told.noCall(call, error);
    return { jsonrpc: "2.0", id, error: error.toJSON() };
  }

  async #run(
    name: string,
    method: Method<Call>,
    params: unknown,
    call: Call,
    notification: boolean,
    allowed: boolean,
    shown: BatchAnswer | undefined,
  ): Promise<object | Written> {
    const start = performance.now();
    const end = (outcome: CallOutcome, error?: unknown) =>
      this.told.ended({ method: name, params, call, outcome, error, duration: performance.now() - start });
    try {
      if (!allowed) throw noSuchMethod();
      const refusal = method.refuse?.(call);
      if (refusal !== undefined) throw new RpcError("forbidden", refusal);
      if (Array.isArray(params)) throw new RpcError("invalidParams", "params must be an object, by name");
      if (method.onlyShows === true) shown?.mustTakeMore();
      const input = method.read(params ?? {}, call) as never;
      const make = async () => {
        const result = await method.run(input, call, notification);
        return method.onlyShows === true ? await written(result) : result;
      };
      const result = await (method.turns === undefined ? make() : method.turns.take(make));
      if (result instanceof Written) shown?.take(result);
      end("success");
      return result;
    } catch (error) {
      const ours = !(error instanceof RpcError) || RpcErrors[error.kind].code === RpcErrors.unavailable.code;
      end(ours ? "failure" : "rejected", error);
      throw error;
    }
  }
}

/**
 * Params by a schema.
 *
 * @throws {RpcError} `invalidParams` with the first faults
 */
export function parseParams<Schema extends z.ZodType>(schema: Schema, params: unknown): z.output<Schema> {
  const result = schema.safeParse(params);
  if (result.success) return result.data;
  const data = result.error.issues.slice(0, FAULTS).map(({ path, message }) => ({
    member: path.join(".").slice(0, ECHO),
    reason: message.slice(0, ECHO),
  }));
  const { member, reason } = data[0]!;
  throw new RpcError("invalidParams", member === "" ? reason : `${member}: ${reason}`, data);
}

/** Why this is not a JSON-RPC request (§4), if so. */
function whatIsWrong(request: unknown): string | undefined {
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    return "a request is an object";
  }
  const { jsonrpc, method, params, id } = request as Record<string, unknown>;
  if (jsonrpc !== "2.0") return 'jsonrpc must be "2.0"';
  if (typeof method !== "string") return "method must be a string";
  if (id !== undefined && id !== null && idOf(request) === null) {
    return `id must be a string of at most ${ECHO} characters, an integer or null`;
  }
  if (params !== undefined && (typeof params !== "object" || params === null)) {
    return "params must be an object";
  }
  return undefined;
}

/** The id of what may be a request; null where it has an unusable one, undefined where it has none. */
function idOf(request: unknown): Id | undefined {
  if (typeof request !== "object" || request === null || !("id" in request)) return undefined;
  const { id } = request;
  return (typeof id === "string" && id.length <= ECHO) || Number.isSafeInteger(id)
    ? id as string | number
    : null;
}

/** A method that the caller may not call is none to him. */
function noSuchMethod(): RpcError {
  return new RpcError("methodNotFound", "no such method for this caller");
}

function answerOf(response: Response | null): RpcAnswer {
  if (response === null) return { body: null, unavailable: false };
  const unavailable = "error" in response && response.error.code === RpcErrors.unavailable.code;
  return { body: textOf(response), unavailable };
}

function textOf(response: Response): string {
  if (!("result" in response) || !(response.result instanceof Written)) return JSON.stringify(response);
  return `{"jsonrpc":"2.0","id":${JSON.stringify(response.id)},"result":${response.result.json}}`;
}

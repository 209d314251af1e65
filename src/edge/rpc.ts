import {
  createJSONRPCErrorResponse,
  type JSONRPCErrorResponse,
  type JSONRPCRequest,
  type JSONRPCResponse,
  JSONRPCServer,
} from "json-rpc-2.0";
import { z } from "zod";
import type { CallOutcome } from "../ops/stats.ts";
import { RpcError, RpcErrors } from "./errors.ts";

/** A method: its params as a schema, and what it does. `call` is what the edge knows about the caller. */
export interface Method<Call> {
  readonly params: z.ZodType;
  run(params: never, call: Call, notification: boolean): Promise<object>;
}

/** Declares a method so that its params are typed by its schema. */
export function method<Call, Schema extends z.ZodType>(
  params: Schema,
  run: (params: z.output<Schema>, call: Call, notification: boolean) => Promise<object>,
): Method<Call> {
  return { params, run: run as Method<Call>["run"] };
}

/** What to send back: a JSON-RPC object or array as text, or `null`, and whether the gateway is unavailable. */
export interface RpcAnswer {
  readonly body: string | null;
  readonly unavailable: boolean;
}

/** Answers JSON-RPC 2.0 requests, single and batch, with a set of methods. */
export class RpcServer<Call> {
  readonly #server: JSONRPCServer<Call>;

  /**
   * @param methods by name, case-sensitive
   * @param batchLimit requests in a batch, at most
   * @param ended called for every call of a method there is; an error that is ours comes along
   */
  constructor(
    readonly methods: Readonly<Record<string, Method<Call>>>,
    readonly batchLimit: number,
    readonly ended: (name: string, outcome: CallOutcome, fault?: unknown) => void,
  ) {
    this.#server = new JSONRPCServer<Call>({ errorListener: () => {} });
    this.#server.mapErrorToJSONRPCErrorResponse = errorResponse;
    for (const [name, { params, run }] of Object.entries(methods)) {
      this.#server.addMethodAdvanced(name, async ({ id, params: given }, call) => {
        const result = await this.#run(
          name,
          () => run(parseParams(params, given) as never, call, id === undefined),
        );
        return id === undefined ? null : { jsonrpc: "2.0", id, result };
      });
    }
  }

  /**
   * @param body the body, as text
   * @param allows whether the caller may call a method of that name
   * @throws {RpcError} `parseError` where it is not JSON
   */
  async answer(body: string, call: Call, allows: (name: string) => boolean): Promise<RpcAnswer> {
    const json = parse(body);
    if (!Array.isArray(json)) {
      const response = await this.#one(json, call, allows);
      const unavailable = response?.error?.code === RpcErrors.unavailable.code;
      return { body: response === null ? null : JSON.stringify(response), unavailable };
    }
    if (json.length === 0 || json.length > this.batchLimit) {
      const cause = json.length === 0
        ? "the batch is empty"
        : `a batch holds at most ${this.batchLimit} requests`;
      return { body: JSON.stringify(invalidRequest(null, cause)), unavailable: false };
    }
    // One after the other: calls of a batch take effect in order.
    const responses: JSONRPCResponse[] = [];
    for (const request of json) {
      const response = await this.#one(request, call, allows);
      if (response !== null) responses.push(response);
    }
    return { body: responses.length === 0 ? null : JSON.stringify(responses), unavailable: false };
  }

  async #one(
    request: unknown,
    call: Call,
    allows: (name: string) => boolean,
  ): Promise<JSONRPCResponse | null> {
    const reason = refuseRequest(request);
    if (reason !== undefined) return invalidRequest(idOf(request), reason);
    const { id, method } = request as JSONRPCRequest;
    if (Object.hasOwn(this.methods, method) && allows(method)) {
      return await this.#server.receive(request as JSONRPCRequest, call);
    }
    if (id === undefined) return null;
    return createJSONRPCErrorResponse(id, RpcErrors.methodNotFound.code, "no such method for this caller");
  }

  async #run(name: string, run: () => Promise<object>): Promise<object> {
    try {
      const result = await run();
      this.ended(name, "success");
      return result;
    } catch (error) {
      const ours = !(error instanceof RpcError) || error.kind === "unavailable";
      if (ours) this.ended(name, "failure", error);
      else this.ended(name, "rejected");
      throw error;
    }
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new RpcError("parseError", "the body is not JSON");
  }
}

function parseParams(schema: z.ZodType, params: unknown): unknown {
  if (Array.isArray(params)) throw new RpcError("invalidParams", "params must be an object, by name");
  const result = schema.safeParse(params ?? {});
  if (result.success) return result.data;
  const data = result.error.issues.map(({ path, message }) => ({ member: path.join("."), reason: message }));
  const { member, reason } = data[0]!;
  throw new RpcError("invalidParams", member === "" ? reason : `${member}: ${reason}`, data);
}

function refuseRequest(request: unknown): string | undefined {
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    return "a request is an object";
  }
  const { jsonrpc, method, params } = request as Record<string, unknown>;
  if (jsonrpc !== "2.0") return 'jsonrpc must be "2.0"';
  if (typeof method !== "string") return "method must be a string";
  if (idOf(request) === null && (request as { id?: unknown }).id !== null) {
    return "id must be a string, an integer or null";
  }
  if (params !== undefined && (typeof params !== "object" || params === null)) {
    return "params must be an object";
  }
  return "result" in request || "error" in request ? "a request has neither result nor error" : undefined;
}

/** The id of what may be a request; null where it has an unusable one, undefined where it has none. */
function idOf(request: unknown): string | number | null | undefined {
  if (typeof request !== "object" || request === null || !("id" in request)) return undefined;
  const { id } = request;
  return typeof id === "string" || Number.isSafeInteger(id) ? id as string | number : null;
}

function invalidRequest(id: string | number | null | undefined, cause: string): JSONRPCResponse {
  return createJSONRPCErrorResponse(id ?? null, RpcErrors.invalidRequest.code, cause);
}

function errorResponse(id: string | number | null, error: unknown): JSONRPCErrorResponse {
  if (!(error instanceof RpcError)) {
    return createJSONRPCErrorResponse(id, RpcErrors.internal.code, "internal error");
  }
  return createJSONRPCErrorResponse(id, error.code, error.message, error.data);
}

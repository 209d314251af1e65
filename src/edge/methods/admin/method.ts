import type { UnixTime } from "../../../fleet/mod.ts";
import type { z } from "zod";
import { RpcError, type RpcErrorName } from "../../errors.ts";
import { parseParams } from "../../rpc/json_rpc.ts";
import { refuseUnknownParams } from "./unknown_params.ts";

/** Who calls a method for operators. */
export interface AdminCall {
  /** Name of the user; nothing where there are no users. */
  readonly user: string | undefined;
}

/** What a method is known by, to people and in the OpenRPC document. */
export interface AdminMethod {
  readonly name: string;
  /** One line, in the imperative. */
  readonly summary: string;
  /** What else there is to know. */
  readonly description?: string;
  /** Whether it only shows something, or changes something: what the roles of users differ in. */
  readonly does: "shows" | "changes";
  /**
   * Whether it waits for what may take seconds and is not the gateway: a webhook's receiver, the customer API, what the
   * configuration imports. A process that hands over does not wait for it; so the method itself must see to it that it
   * touches nothing that was handed over meanwhile (`Gate.during`).
   */
  readonly waitsForOthers?: true;
  readonly params: z.ZodObject;
  /** Whether params that it does not know are ignored rather than refused: today's gateway does so. */
  readonly ignoresUnknownParams?: boolean;
  /**
   * Whether it shows so much that it takes seconds: one call is made at a time, and no process that hands over waits for it.
   * So it must only look at what is in memory.
   */
  readonly isDear?: boolean;
  readonly result: z.ZodType;
  /** The errors of its own, besides those that any call may end with. */
  readonly errors: readonly RpcErrorName[];
  /** @throws {RpcError} */
  call(params: unknown, call: AdminCall): Promise<object>;
}

/** How a method is declared, so that its params and its result are typed by their schemas. */
export interface AdminMethodOf<Params extends z.ZodObject, Result extends z.ZodType<object, object>>
  extends Omit<AdminMethod, "call"> {
  readonly params: Params;
  readonly result: Result;
  readonly run: (params: z.output<Params>, call: AdminCall) => z.input<Result> | Promise<z.input<Result>>;
}

/** Declares a method for operators. */
export function adminMethod<Params extends z.ZodObject, Result extends z.ZodType<object, object>>(
  { run, ...method }: AdminMethodOf<Params, Result>,
): AdminMethod {
  return {
    ...method,
    call: async (params, call) => {
      if (method.ignoresUnknownParams !== true) refuseUnknownParams(method.params, params);
      return await run(parseParams(method.params, params), call);
    },
  };
}

/** What a call ends with that names something which is not there. */
export function notFound(what: string): RpcError {
  return new RpcError("notFound", what);
}

/** How a ban or its lift names the operator, where a customer's is named by its key. */
export function operator({ user }: AdminCall): string {
  return user === undefined ? "operator" : `operator ${user}`;
}

export function iso(time: UnixTime): string {
  return new Date(time).toISOString();
}

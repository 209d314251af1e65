import type { Permission } from "./auth/internal_access.ts";
import { callerOfPermission, endCall } from "./call_ending.ts";
import type { EdgeContext } from "./handler.ts";
import { rpcAnswer } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import type { HttpAnswer, HttpRequest } from "./http/message.ts";
import type { InternalCall } from "./methods/internal_methods.ts";
import { bodyTooLong } from "./refusal.ts";
import { RpcServer } from "./rpc/json_rpc.ts";

/** Answers a request of somebody who has been let in. Rejects with a `Refusal` or an `RpcError`. */
export type OperatorRoute = (request: HttpRequest, permission: Permission) => Promise<HttpAnswer>;

/** JSON-RPC with the methods for operators, for the operations listener; no server gets its key there. */
export function createOperatorRoute(context: EdgeContext): OperatorRoute {
  const { limits, pools, clients } = context;
  const rpc = new RpcServer<InternalCall>(
    context.operators.byName,
    limits.batch,
    endCall(context, callerOfPermission),
    context.aroundCalls,
  );
  return async (request, permission) => {
    const body = await readBody(request, limits.publicBody);
    if (body === undefined) throw bodyTooLong(limits.publicBody);
    return await context.gate.visit(body, async (visit) => {
      const call: InternalCall = {
        pool: pools.default,
        caller: request.caller,
        client: clients.of(request),
        permission,
        deliveries: [],
        proof: undefined,
        visit,
      };
      const answer = await rpc.answer(body, call, () => true);
      return rpcAnswer(answer.body, answer.unavailable ? 503 : 200);
    });
  };
}

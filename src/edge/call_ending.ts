import { log } from "../ops/log.ts";
import type { Stats } from "../ops/stats.ts";
import type { Caller, CallObserver } from "./call_observer.ts";
import { RpcError } from "./errors.ts";
import type { InternalCall } from "./methods/internal_methods.ts";
import type { PublicCall } from "./methods/public_methods.ts";
import { causeOf, type RefusalObserver, type Refused } from "./refusal_observer.ts";
import type { CallEnds } from "./rpc/json_rpc.ts";

/** Who is told when a call has ended. */
export interface CallAudience {
  readonly refused: RefusalObserver;
  readonly stats: Stats;
  readonly callObservers: readonly CallObserver[];
}

/** What is done when a call has ended: it is counted, a fault of ours is logged, and whoever wants to know is told. */
export function endCall<Call>(
  { stats, callObservers, refused }: CallAudience,
  callerOf: (call: Call) => Caller,
): CallEnds<Call> {
  return {
    ended({ method, params, call, outcome, error, duration }) {
      stats.count(method, outcome);
      if (error !== undefined && !(error instanceof RpcError)) {
        log.error("{method} failed: {error}", { method, error });
      }
      if (callObservers.length === 0 && outcome === "success") return;
      const caller = callerOf(call);
      if (outcome !== "success") refused(refusedCall(method, caller, error));
      const ended = { method, params, caller, outcome, error, duration };
      for (const observe of callObservers) observe(ended);
    },
    noCall: (call, error) => refused(refusedCall(undefined, callerOf(call), error)),
  };
}

function refusedCall(method: string | undefined, caller: Caller, error: unknown): Refused {
  const { address, internal, customer, room } = caller;
  return { call: method ?? "a call", method, ...causeOf(error), address, internal, customer, room };
}

/** Who made a public call. */
export function callerOfToken({ client, token }: PublicCall): Caller {
  return {
    address: client,
    internal: false,
    by: token.keyId,
    role: undefined,
    customer: token.customer,
    room: { namespace: token.namespace, name: token.rooms[0] },
  };
}

/** Who made an internal call. */
export function callerOfPermission({ client, permission }: InternalCall): Caller {
  return { address: client, internal: true, by: permission.user, role: permission.role, customer: undefined };
}

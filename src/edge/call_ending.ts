import { log } from "../ops/log.ts";
import type { Stats } from "../ops/stats.ts";
import type { Caller, CallObserver } from "./call_observer.ts";
import { RpcError } from "./errors.ts";
import type { InternalCall } from "./methods/internal_methods.ts";
import type { PublicCall } from "./methods/public_methods.ts";
import type { Ended } from "./rpc/json_rpc.ts";

/** Who is told when a call has ended. */
export interface CallAudience {
  readonly stats: Stats;
  readonly callObservers: readonly CallObserver[];
}

/** What is done when a call has ended: it is counted, a fault of ours is logged, and whoever wants to know is told. */
export function endCall<Call>({ stats, callObservers }: CallAudience, callerOf: (call: Call) => Caller) {
  return ({ method, params, call, outcome, error, duration }: Ended<Call>) => {
    stats.count(method, outcome);
    if (error !== undefined && !(error instanceof RpcError)) {
      log.error("{method} failed: {error}", { method, error });
    }
    if (callObservers.length === 0) return;
    const ended = { method, params, caller: callerOf(call), outcome, error, duration };
    for (const observe of callObservers) observe(ended);
  };
}

/** Who made a public call. */
export function callerOfToken({ caller, token }: PublicCall): Caller {
  return {
    get address() {
      return caller(); // dear, and hardly ever asked for
    },
    internal: false,
    by: token.keyId,
    role: undefined,
    customer: token.customer,
  };
}

/** Who made an internal call. */
export function callerOfPermission({ client, permission }: InternalCall): Caller {
  return { address: client, internal: true, by: permission.user, role: permission.role, customer: undefined };
}

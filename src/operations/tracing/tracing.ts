import { context, propagation, ProxyTracerProvider, ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import type { CallObserver } from "../../edge/call_observer.ts";
import { RpcError, RpcErrors } from "../../edge/errors.ts";
import type { Handler } from "../../edge/http/message.ts";
import type { AroundCall } from "../../edge/rpc/json_rpc.ts";
import type { GatewayPort } from "../../gateway/port.ts";
import type { OpenStore } from "../../store/port.ts";
import { tracedGateway } from "./gateway.ts";
import { failed, inSpan } from "./span.ts";
import { tracedStore } from "./store.ts";

/** What the app puts around its parts where calls are traced. */
export interface Tracing {
  readonly around: AroundCall;
  readonly callObserver: CallObserver;
  /** The handler, with the trace that its caller is in. */
  handler(handler: Handler): Handler;
  gateway(gateway: GatewayPort): GatewayPort;
  store(open: OpenStore): OpenStore;
}

/** Longest `tracestate` that is passed on, in characters; as much is asked of everybody (W3C Trace Context §3.3.1.5). */
const LONGEST_STATE = 512;

/** Tracing; nothing where Deno's is off, since then nobody would see it. */
export function createTracing(): Tracing | undefined {
  if (trace.getTracerProvider() instanceof ProxyTracerProvider) return undefined;
  return {
    around: (method, run) =>
      inSpan(method, {
        kind: SpanKind.SERVER,
        attributes: { "rpc.system": "jsonrpc", "rpc.jsonrpc.version": "2.0", "rpc.method": method },
      }, run),
    callObserver: describeCall,
    handler: (handler) => (request) => {
      const traceparent = request.header("traceparent");
      if (traceparent === undefined) return handler(request);
      const tracestate = request.header("tracestate") ?? "";
      const carrier = { traceparent, ...(tracestate.length <= LONGEST_STATE ? { tracestate } : {}) };
      return context.with(propagation.extract(ROOT_CONTEXT, carrier), () => handler(request));
    },
    gateway: tracedGateway,
    store: tracedStore,
  };
}

/** Says in the call's span how it ended. */
const describeCall: CallObserver = ({ caller, outcome, error }) => {
  const span = trace.getActiveSpan();
  if (span === undefined) return;
  span.setAttribute("odin.outcome", outcome);
  if (caller.customer !== undefined) span.setAttribute("odin.customer", caller.customer);
  if (error === undefined) return;
  const { kind, message } = error instanceof RpcError ? error : { kind: "internal", message: "" } as const;
  span.setAttribute("rpc.jsonrpc.error_code", RpcErrors[kind].code);
  if (message !== "") span.setAttribute("rpc.jsonrpc.error_message", message);
  if (outcome === "failure") failed(span, error);
};

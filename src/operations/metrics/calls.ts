import { Counter, Histogram, type Registry } from "prom-client";
import type { CallObserver } from "../../edge/call_observer.ts";
import { type RpcError, RpcErrors } from "../../edge/errors.ts";
import type { Handler } from "../../edge/http/message.ts";
import { causeName, type RefusalObserver } from "../../edge/refusal_observer.ts";
import type { NamedCustomers } from "./named_customers.ts";
import { PREFIX } from "./prefix.ts";

/** What a call is for, by its method; all that are not here are calls of operators. */
const KINDS: Readonly<Record<string, string>> = {
  Connect: "connect",
  "sfu.Report": "report",
  SubmitReport: "report",
  "sfu.GridConfig": "config",
  GetConfig: "config",
  RoomClose: "management",
  RoomUpdate: "management",
  RoomBanClient: "management",
  RoomSendMessage: "management",
};

/** Label of what was refused before it was known which method it calls, or calls none that there is. */
const NO_METHOD = "(none)";

/** Seconds: a Connect takes a tenth of a millisecond, a report of many rooms tens of them, a slow disk seconds. */
const DURATIONS = [0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** Counts calls that have ended. Methods that do not exist are not told, so labels cannot grow. */
export function callMetrics(registry: Registry): CallObserver {
  const registers = [registry];
  const calls = new Counter({
    name: `${PREFIX}calls_total`,
    help: "Calls that have ended; rejected by the caller's fault, failure by the gateway's.",
    labelNames: ["method", "outcome"],
    registers,
  });
  const durations = new Histogram({
    name: `${PREFIX}call_duration_seconds`,
    help: "Time from a call's reading to its result, by what it is for.",
    labelNames: ["kind"],
    buckets: DURATIONS,
    registers,
  });
  return ({ method, outcome, duration }) => {
    calls.inc({ method, outcome });
    durations.observe({ kind: KINDS[method] ?? "admin" }, duration / 1000);
  };
}

/** Counts what is refused: calls, and requests of which it was not known what they call. */
export function refusalMetrics(registry: Registry, customers: NamedCustomers): RefusalObserver {
  const registers = [registry];
  const refusals = new Counter({
    name: `${PREFIX}refusals_total`,
    help:
      "Calls and requests that were refused, by cause (the errors of api.md); method is (none) before a call is known.",
    labelNames: ["method", "cause"],
    registers,
  });
  const customerRefusals = new Counter({
    name: `${PREFIX}customer_refusals_total`,
    help:
      "Calls and requests of customers that were refused, by cause; customers beyond metrics.customers are summed.",
    labelNames: ["customer", "cause"],
    registers,
  });
  return ({ method, kind, customer }) => {
    const cause = causeName(kind);
    refusals.inc({ method: method ?? NO_METHOD, cause });
    if (customer !== undefined) customerRefusals.inc({ customer: customers.labelOf(customer), cause });
  };
}

/** Counts answers of the main listener. */
export interface AnswerMetrics {
  /** The handler, with its answers counted. */
  counted(handler: Handler): Handler;
  /** The listener has refused something without the handler. */
  unread(error: RpcError): void;
}

/** Counts the answers of the main listener by their status, those to requests that never became calls among them. */
export function answerMetrics(registry: Registry): AnswerMetrics {
  const answers = new Counter({
    name: `${PREFIX}http_responses_total`,
    help:
      "Answers of the main listener by HTTP status; 401 is no valid token or password, 429 too many requests.",
    labelNames: ["code"],
    registers: [registry],
  });
  const count = (code: number) => answers.inc({ code });
  return {
    counted: (handler) => async (request) => {
      const answer = await handler(request);
      count(answer.status);
      return answer;
    },
    unread: ({ kind }) => count(RpcErrors[kind].http),
  };
}

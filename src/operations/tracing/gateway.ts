import type { GatewayPort } from "../../gateway/port.ts";
import { inSpan } from "./span.ts";

/** The gateway with a span for what it does for calls; `placement` is how a Connect gets its server. */
export function tracedGateway(gateway: GatewayPort): GatewayPort {
  const traced: Partial<GatewayPort> = {
    connect: (input) =>
      inSpan("placement", { attributes: { "odin.pool": input.pool } }, async (span) => {
        const outcome = await gateway.connect(input);
        if (outcome.granted) span.setAttribute("odin.server", outcome.server);
        else span.setAttribute("odin.refused", outcome.reason);
        return outcome;
      }),
    report: (input, wantsTasks) => {
      const attributes = { "odin.server": input.address, "odin.rooms": input.rooms.length };
      return inSpan("report", { attributes }, async (span) => {
        const outcome = await gateway.report(input, wantsTasks);
        if (outcome.accepted) span.setAttribute("odin.tasks", outcome.tasks.length);
        return outcome;
      });
    },
    manage: (input) =>
      inSpan("management", { attributes: { "odin.task": input.task.task } }, async (span) => {
        const outcome = await gateway.manage(input);
        if (outcome !== "accepted") span.setAttribute("odin.refused", outcome);
        return outcome;
      }),
  };
  return new Proxy(gateway, {
    get(target, name) {
      if (Object.hasOwn(traced, name)) return Reflect.get(traced, name);
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

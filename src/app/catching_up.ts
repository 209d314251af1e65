import type { Customers } from "../customers/customers.ts";
import type { EdgeContext } from "../edge/handler.ts";
import type { Gateway } from "../gateway/gateway.ts";

/** Brings the fleet and the customers' keys to what other gateways have done, where they have not been heard a moment ago. */
export function catchingUp(gateway: Gateway, customers: Customers): EdgeContext["catchUp"] {
  let underWay: Promise<void> | undefined;
  const catchUp = async () => {
    if (await gateway.catchUp()) await customers.take();
  };
  return () => {
    if (gateway.isFresh) return undefined;
    underWay ??= catchUp().finally(() => underWay = undefined);
    return underWay;
  };
}

import { fleetSettings } from "../config/fleet_settings.ts";
import type { Settings } from "../config/schema.ts";
import type { Customers } from "../customers/customers.ts";
import type { Dashboard } from "../dashboard/dashboard.ts";
import type { Listener } from "../edge/http/listener.ts";
import type { Shedding } from "../edge/limits/shedding.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { startLog } from "../ops/log.ts";
import type { CustomerLog } from "./customer_log.ts";
import type { Handlers } from "./handlers.ts";
import type { Reloadable } from "./reload.ts";
import { shedsAbove } from "./shedding.ts";
import { warnAboutAccess } from "./warnings.ts";

/** What is in force, and is replaced by a reload. */
export class InForce {
  /** There before anybody asks. */
  handlers!: Handlers;

  constructor(public settings: Settings) {}
}

/** What a reload reaches. */
export interface ReloadParts {
  readonly gateway: Gateway;
  readonly customers: Customers;
  readonly customerLog: CustomerLog;
  readonly shedding: Shedding;
  readonly dashboard: Dashboard | undefined;
  listeners(): readonly (Listener | undefined)[];
  /** @throws {StartError} where nobody could call the internal methods */
  handlersFor(settings: Settings): Handlers;
}

/** The parts of a gateway as a reload sees them: all that can fail is done before anything changes. */
export function reloadable(inForce: InForce, parts: ReloadParts): Reloadable {
  const { gateway, customers, customerLog, shedding, dashboard } = parts;
  return {
    settings: () => inForce.settings,
    async prepare(next) {
      const listenAnew = parts.listeners().map((listener) => listener?.prepare(next));
      const takeCustomers = await customers.prepare(next);
      const handlers = parts.handlersFor(next);
      return () => {
        startLog(next);
        gateway.configure(fleetSettings(next), next.durability.places === "power-loss");
        shedding.limit = shedsAbove(next);
        for (const anew of listenAnew) anew?.();
        inForce.handlers = handlers;
        dashboard?.live.stop(); // whoever may still look comes back
        const odd = customerLog.atOnce(() => void takeCustomers());
        inForce.settings = next;
        warnAboutAccess(next);
        return odd;
      };
    },
    async prepareCustomers(next) {
      const take = await customers.prepare(next);
      return async () => {
        inForce.settings = next;
        const warnings = await customerLog.during(take);
        return { customers: customers.count, keys: customers.ring.size, warnings };
      };
    },
  };
}

import type { GatewayPort } from "../../../gateway/port.ts";
import type { ServerKeys } from "../../../tokens/mod.ts";
import { banMethods } from "./ban_methods.ts";
import { customerMethods } from "./customer_methods.ts";
import { discoverMethod } from "./discover.ts";
import { fleetMethods } from "./fleet_methods.ts";
import { gatewayMethods, type GatewayMethodsContext } from "./gateway_methods.ts";
import { kindMethods } from "./kind_methods.ts";
import type { AdminMethod } from "./method.ts";
import { type Reloading, reloadMethods } from "./reload_methods.ts";
import { roomMethods } from "./room_methods.ts";
import { serverMethods } from "./server_methods.ts";
import { taskMethods } from "./task_methods.ts";
import { type WebhookControl, webhookMethods } from "./webhook_methods.ts";

/** What the methods for operators work with. */
export interface AdminContext extends GatewayMethodsContext {
  readonly gateway: GatewayPort;
  readonly serverKeys: ServerKeys;
  /** Reads the configuration again. */
  readonly reloading: Reloading;
  /** Absent where no webhooks are configured. */
  readonly webhooks?: WebhookControl | undefined;
  /** Longest ban in seconds; longer ones are cut to it. */
  readonly maxBanTime: number;
}

/** All methods for operators, on `/internal` and on the operations listener. */
export function adminMethods(context: AdminContext): readonly AdminMethod[] {
  const methods = [
    ...gatewayMethods(context),
    ...fleetMethods(context),
    ...serverMethods(context),
    ...roomMethods(context),
    ...customerMethods(context),
    ...banMethods(context),
    ...taskMethods(context),
    ...kindMethods(context),
    ...reloadMethods(context),
    ...webhookMethods(context),
  ];
  return [discoverMethod(methods, context), ...methods];
}

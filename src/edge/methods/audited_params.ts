import type { AuditedParams } from "../../ops/audit_params.ts";
import { CONFIG_PARAMS, type OperatorMethods } from "./internal_methods.ts";
import { MANAGEMENT } from "./public_methods.ts";

/** Which params of which method the audit shows: none but these, and of payloads how much it is. */
export function auditedParams({ list }: OperatorMethods): ReadonlyMap<string, AuditedParams> {
  const { RoomClose, RoomUpdate, RoomBanClient, RoomSendMessage } = MANAGEMENT;
  const config = { ...CONFIG_PARAMS.shape, config: "payload" as const };
  return new Map<string, AuditedParams>([
    ...list.map(({ name, params }) => [name, params.shape] as const),
    ["RoomClose", RoomClose.shape],
    ["RoomUpdate", { ...RoomUpdate.shape, user_data: "payload" }],
    ["RoomBanClient", RoomBanClient.shape],
    ["RoomSendMessage", { ...RoomSendMessage.shape, message: "payload" }],
    ["sfu.GridConfig", config],
    ["GetConfig", config],
  ]);
}

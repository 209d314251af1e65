import type { ManagementOutcome } from "../../fleet/mod.ts";
import { NOT_DURABLE, RpcError } from "../errors.ts";

/** Why a call about a room was refused, by a customer's backend or by an operator. */
export function managementError(outcome: Exclude<ManagementOutcome | "not-durable", "accepted">): RpcError {
  switch (outcome) {
    case "no-room":
      return new RpcError("roomNotFound", "no server for room found");
    case "not-durable":
      return NOT_DURABLE;
    case "too-many-tasks":
      return new RpcError("rateLimited", "too many tasks wait for the server of this room; try again later");
    case "too-many-bans":
      return new RpcError("rateLimited", "too many bans are in force; try again later");
  }
}

/**
 * What the methods answer, as types, for clients that are written with them: nothing of this is there when a program runs.
 *
 * @module
 */
import type { z } from "zod";
import type { ShownBan } from "./ban_methods.ts";
import type { ShownCustomer, ShownCustomerDetail } from "./customer_methods.ts";
import type { ShownForecast } from "./fleet_methods.ts";
import type { ForgottenKind, ShownKind } from "./kind_methods.ts";
import type { ReloadedConfig, ReloadedCustomers } from "./reload_methods.ts";
import type { Closed, Explained, Located, ShownRoomEntry } from "./room_methods.ts";
import type { ShownPlan, ShownServer, ShownServerDetail } from "./server_methods.ts";
import type { Status } from "./status.ts";
import type { ShownTask } from "./task_methods.ts";
import type { ShownWebhooks, TestedWebhooks } from "./webhook_methods.ts";

export type Server = z.output<typeof ShownServer>;
export type ServerDetail = z.output<typeof ShownServerDetail>;
export type Forecast = z.output<typeof ShownForecast>;
export type Room = z.output<typeof ShownRoomEntry>;
export type Explanation = z.output<typeof Explained>;
export type CustomerEntry = z.output<typeof ShownCustomer>;
export type CustomerDetail = z.output<typeof ShownCustomerDetail>;
export type BanEntry = z.output<typeof ShownBan>;
export type TaskEntry = z.output<typeof ShownTask>;
export type KindEntry = z.output<typeof ShownKind>;
export type GatewayStatus = z.output<typeof Status>;

type Listed<Name extends string, Entry> = Readonly<Record<Name, readonly Entry[]>> & {
  readonly cursor: string | null;
};

/** What each method answers, by its name. */
export interface AdminResults {
  "gateway.Status": GatewayStatus;
  "fleet.Forecast": { readonly pools: readonly Forecast[] };
  "server.List": Listed<"servers", Server>;
  "server.Show": ServerDetail;
  "server.Drain": z.output<typeof ShownPlan>;
  "server.Resume": z.output<typeof ShownPlan>;
  "server.SetWeight": z.output<typeof ShownPlan>;
  "server.Forget": Record<string, never>;
  "room.List": Listed<"rooms", Room>;
  "room.Locate": z.output<typeof Located>;
  "room.Explain": Explanation;
  "room.Close": z.output<typeof Closed>;
  "customer.List": Listed<"customers", CustomerEntry>;
  "customer.Show": CustomerDetail;
  "ban.List": Listed<"bans", BanEntry>;
  "ban.Lift": { readonly lifted: BanEntry };
  "task.List": Listed<"tasks", TaskEntry>;
  "kind.List": Listed<"kinds", KindEntry>;
  "kind.Forget": z.output<typeof ForgottenKind>;
  "log.SetLevel": { readonly level: string; readonly before: string };
  "webhook.List": z.output<typeof ShownWebhooks>;
  "webhook.Test": z.output<typeof TestedWebhooks>;
  "config.Show": { readonly config: Readonly<Record<string, unknown>> };
  "config.Reload": ReloadedConfig;
  "customers.Reload": ReloadedCustomers;
}

import type { LoadedConfig } from "../config/load.ts";
import type { Settings } from "../config/schema.ts";
import type { InternalUser } from "../edge/auth/internal_access.ts";
import type { Reloading } from "../edge/methods/admin/reload_methods.ts";
import type { SharedFolder } from "./hand_over.ts";
import type { OpenOutbox } from "./webhooks.ts";

/** A gateway that runs and listens. */
export interface RunningGateway {
  readonly url: string;
  /** Where operators are listened for, if anywhere. */
  readonly operationsUrl: string | undefined;
  readonly reloading: Reloading;
  /** Reads configuration, customers and certificate again, because of this signal; the log and the audit say how that went. */
  reloadFor(signal: Deno.Signal): Promise<void>;
  /** The settings in force. */
  settings(): Settings;
  /** Days until the certificate ends, below 0 once it has; nothing without TLS. */
  certificateDaysLeft(): number | undefined;
  /** Finishes the requests under way, within 4 s, and stops. */
  stop(): Promise<void>;
}

/** What the gateway asks its operator's start for. */
export interface Operator {
  /**
   * Who may call the internal methods by these settings.
   *
   * @throws {StartError} where nobody could
   */
  usersOf(settings: Settings): readonly InternalUser[];
  /** Reads the configuration again; absent where it came from no file. */
  readonly reread?: () => Promise<LoadedConfig>;
  /** The data folder, where another process can take it over; absent where nothing is kept. */
  readonly folder?: SharedFolder | undefined;
  /** Opens what keeps events for webhooks until they are delivered; without it they end with the process. */
  readonly openOutbox?: OpenOutbox;
}

/** Nobody who starts it: for demonstrations. */
export const NO_OPERATOR: Operator = { usersOf: ({ internal }) => internal.users };

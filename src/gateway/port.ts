import type {
  Address,
  ConnectInput,
  ConnectOutcome,
  Explanation,
  Fate,
  FleetFigures,
  Kind,
  KindInfo,
  ManagementInput,
  ManagementOutcome,
  Milliseconds,
  Plan,
  Report,
  RoomId,
  RoomInfo,
  ServerInfo,
  Task,
} from "../fleet/mod.ts";

/**
 * What the edge may ask of the gateway. Only plain data crosses, one message each way a call, so that callers may live on
 * another thread; times are unix time in milliseconds, spans are milliseconds.
 */
export interface GatewayPort {
  /** Grants a client its way to a server; the answer is as durable as it has to be. */
  connect(input: ConnectInput): Promise<ConnectOutcome | NotDurable>;
  /** Closes a room, bans, lifts, updates, or sends a message, safe from loss of power. */
  manage(input: ManagementInput): Promise<ManagementOutcome | "not-durable">;
  /** Changes what is wanted of a server. @returns what was wanted before, and is now */
  plan(
    address: Address,
    wanted: WantedPlan,
  ): Promise<{ readonly before: Plan; readonly after: Plan } | "no-server" | "not-durable">;
  /** Forgets what was learned of a kind of rooms. @returns whether anything was */
  forgetKind(kind: Kind): Promise<boolean>;
  /** Why a room is where it is; nothing where it is nowhere. */
  explain(room: RoomId): Promise<ShownExplanation | undefined>;
  /** Servers and rooms as they are now, and what was learned of their kinds. */
  info(): Promise<ShownFleet>;
  /** The fleet in numbers, whatever the number of rooms. @param customers that are told one by one, at most */
  figures(customers: number): Promise<FleetFigures>;
  /**
   * Takes in a report, in slices that let other calls pass; reports of one server one after the other.
   *
   * @param wantsTasks whether there is an answer to put tasks into
   */
  report(input: Report, wantsTasks: boolean): Promise<ReportOutcome>;
  /** What became of an answer with tasks; to be told once, as soon as it is known. */
  delivered(delivery: Delivery, fate: Fate): void;
  /** A report begins to come, perhaps a large one; rooms that are not known wait for it, if they wait for servers at all. */
  reportComes(): Arrival;
  /** That report is there and has been taken in, or will not come. */
  reportCame(arrival: Arrival): void;
}

/** Names an answer with tasks, until it is known whether its server has read it. */
export interface Delivery {
  readonly server: Address;
  readonly id: number;
}

/** Names a report that has begun to come. */
export interface Arrival {
  readonly id: number;
}

/** What a server's report is answered with; a delivery where there are tasks. Refused where there are too many servers. */
export type ReportOutcome =
  | { readonly accepted: false }
  | { readonly accepted: true; readonly tasks: readonly Task[]; readonly delivery: Delivery | undefined };

/** What is to change of what is wanted of a server. A deadline for draining is in milliseconds from now. */
export type WantedPlan =
  | { readonly weight: number }
  | { readonly draining: boolean; readonly within?: Milliseconds };

/** The fleet as the gateway shows it. */
export interface ShownFleet {
  readonly servers: readonly ServerInfo[];
  readonly rooms: readonly RoomInfo[];
  readonly kinds: readonly KindInfo[];
}

/** Where a room is and, where that is remembered, why. */
export interface ShownExplanation {
  readonly server: Address;
  readonly group: string;
  readonly explanation: Explanation | undefined;
}

/** A change that could not be made durable refuses the call that depends on it. */
export type NotDurable = { readonly granted: false; readonly reason: "not-durable" };

/** What must be in order before calls can be served, each asked when somebody wants to know. */
export interface ReadinessChecks {
  /** The main listener takes connections. */
  readonly listening: () => boolean;
  /** There is somebody whose tokens can be verified. */
  readonly customers: () => boolean;
  /** What has to last can be written. */
  readonly store: () => boolean;
  /** After a start without data, every server that may be alive has had its chance to report. */
  readonly startup: () => boolean;
  /** At least one server reports. */
  readonly servers: () => boolean;
}

type CheckName = keyof ReadinessChecks;

const MISSING: Readonly<Record<CheckName, string>> = {
  listening: "the main listener takes no connections: it stops, or its limit of connections is reached",
  customers: "no customers: configure customers, or see in the log why customerApi brings none",
  store: "the store cannot be written: known rooms are served, all else is refused",
  startup:
    "waiting for servers to report after a start without data (startup.waitForReports): new rooms are refused",
  servers: "no server reports: see in operations.md how servers are attached",
};

/** Whether each check is passed, and what is missing where it is not. */
export interface Readiness {
  readonly status: "ok" | "unavailable";
  readonly checks: Readonly<Record<CheckName, { readonly ok: boolean; readonly missing?: string }>>;
}

/** Whether all is in order. */
export function isReady(checks: ReadinessChecks): boolean {
  return Object.values(checks).every((passes) => passes());
}

/** All checks by name, for people who look. */
export function readiness(checks: ReadinessChecks): Readiness {
  const one = (name: CheckName) => checks[name]() ? { ok: true } : { ok: false, missing: MISSING[name] };
  return {
    status: isReady(checks) ? "ok" : "unavailable",
    checks: {
      listening: one("listening"),
      customers: one("customers"),
      store: one("store"),
      startup: one("startup"),
      servers: one("servers"),
    },
  };
}

import type { FleetFigures } from "../fleet/mod.ts";
import type { CallObserver } from "../edge/call_observer.ts";
import type { RefusalObserver } from "../edge/refusal_observer.ts";
import type { Problem } from "../edge/methods/admin/status.ts";
import type { GatewayPort } from "../gateway/port.ts";
import type { Observer } from "../gateway/observers.ts";
import type { AuditRecord } from "../ops/audit.ts";
import { log } from "../ops/log.ts";
import { Activity } from "./activity.ts";
import { Counters } from "./counters.ts";
import { type Counted, History } from "./history/history.ts";
import { FINE } from "./history/track.ts";
import { Live } from "./live.ts";
import { CUSTOMERS, stateOf } from "./state.ts";
import { Trouble } from "./trouble.ts";

/** Milliseconds between two updates of pages that are looked at. */
const UPDATE_EVERY = 1000;

/** What the dashboard looks at. */
export interface DashboardSource {
  readonly gateway: Pick<GatewayPort, "figures">;
  /** What is wrong now. @param fleet with all customers */
  readonly problems: (fleet: FleetFigures) => Promise<readonly Problem[]>;
  /** Whether a method only shows something. */
  readonly shows: (method: string) => boolean;
  readonly version: string;
}

/** What the dashboard knows: what is, what was, and what happened. Costs next to nothing while nobody looks. */
export class Dashboard {
  readonly history = new History();
  readonly live = new Live();
  readonly observers: readonly Observer[];
  readonly callObserver: CallObserver;
  readonly refused: RefusalObserver;
  readonly #activity: Activity;
  readonly #counters = new Counters();
  readonly #trouble = new Trouble();
  #counted: Counted = this.#counters.take(1);
  #problems: readonly Problem[] = [];
  #recordedAt: number;
  #told = 0;
  #updating = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(readonly source: DashboardSource, readonly now: () => number = () => performance.now()) {
    this.#recordedAt = now();
    this.#activity = new Activity(source.shows);
    this.observers = [this.#activity.observer, {
      changed: this.#trouble.changed,
      followed: this.#trouble.changed,
    }];
    this.callObserver = this.#counters.observer;
    this.refused = this.#counters.refused;
  }

  /** Takes a record of the audit. */
  audited(record: AuditRecord): void {
    this.#activity.audited(record);
  }

  start(): void {
    this.#timer = setInterval(() => void this.update(), UPDATE_EVERY);
  }

  /** Ends what pages listen to. */
  stop(): void {
    clearInterval(this.#timer);
    this.live.stop();
  }

  /** What happened last, for a page that comes. */
  happenings() {
    return this.#activity.since(0);
  }

  /** Looks at the fleet where it is time to, or somebody wants to know. */
  async update(): Promise<void> {
    if (this.#updating) return;
    this.#updating = true;
    try {
      await this.#update(this.now());
    } catch (error) {
      log.error("the dashboard could not be brought up to date: {error}", { error });
    } finally {
      this.#updating = false;
    }
  }

  async #update(now: number): Promise<void> {
    const { live } = this;
    const steps = Math.floor((now - this.#recordedAt + UPDATE_EVERY / 2) / (FINE.step * 1000));
    if (!live.isWatched) {
      live.forget();
      this.#told = this.#activity.newest; // what happened so far is in the greeting of who comes
    }
    if (steps === 0 && !live.isWatched) return;
    const first = live.isWatched && !live.hasTold;
    // All of them for the history: who has one may be behind the first hundred.
    const figures = await this.source.gateway.figures(steps > 0 || first ? Infinity : CUSTOMERS);
    if (steps > 0) {
      this.#counted = this.#counters.take((now - this.#recordedAt) / 1000);
      this.history.add(figures, this.#counted, steps - 1);
      this.#recordedAt = now;
    }
    if (!live.isWatched) return;
    if (steps > 0 || first) {
      this.#problems = [...await this.source.problems(figures), ...this.#trouble.problems()];
    }
    const happenings = this.#activity.since(this.#told);
    this.#told = this.#activity.newest;
    live.tell(stateOf(figures, this.#counted, this.#problems), happenings);
  }
}

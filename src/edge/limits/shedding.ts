/** Interval at which it is looked how late the event loop is, in milliseconds. */
const LOOK_EVERY = 100;

/** Management is put off when the event loop is so many times as late as puts Connects off. */
const MANAGEMENT = 2;

/** It is told that all is well again after so long without anything put off, in milliseconds. */
const CALM = 5000;

/** What is put off while there is too much to do, the least first. Reports, health checks and calls of operators never are. */
const SHED = ["nothing", "connects", "connects and management"] as const;

export type Shed = typeof SHED[number];

/**
 * Watches how late the event loop is: the time that everybody waits before anything is done for him. Above the limit new
 * Connects are put off, and above twice the limit management too, so that what is under way is finished in time. Two looks
 * in a row have to agree, so that a pause of the whole process (a suspended machine, say) puts nobody off.
 */
export class Shedding {
  #late = 0;
  #lateBefore = 0;
  #expected = Infinity;
  #told: Shed = "nothing";
  #calmSince: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param limit milliseconds, may be changed; `Infinity` to put nothing off
   * @param changed told when more is put off than it was told, and once nothing has been for a while
   */
  constructor(public limit: number, readonly changed: (shed: Shed, late: number) => void = () => {}) {}

  /** Milliseconds by which the event loop was late at both of the last two looks. */
  get late(): number {
    return Math.min(this.#late, this.#lateBefore);
  }

  get shed(): Shed {
    if (this.late <= this.limit) return "nothing";
    return this.late <= MANAGEMENT * this.limit ? "connects" : "connects and management";
  }

  /** From now on the event loop is watched. */
  start(): void {
    this.#expected = performance.now() + LOOK_EVERY;
    this.#timer = setTimeout(() => {
      this.look(performance.now());
      this.start();
    }, LOOK_EVERY);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** A look, which was to be at {@link expected}; times on the monotonic clock, in milliseconds. */
  look(now: number, expected = this.#expected): void {
    this.#lateBefore = this.#late;
    this.#late = Math.max(0, now - expected);
    const { shed } = this;
    if (SHED.indexOf(shed) > SHED.indexOf(this.#told)) this.#tell(shed);
    if (shed !== "nothing") this.#calmSince = undefined;
    else if (this.#told !== "nothing") {
      this.#calmSince ??= now;
      if (now - this.#calmSince >= CALM) this.#tell(shed);
    }
  }

  #tell(shed: Shed): void {
    this.#told = shed;
    this.changed(shed, this.late);
  }
}

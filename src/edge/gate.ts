import { RpcError } from "./errors.ts";

/** Another process is about to answer this request, or has begun to: it has, or will have, the data. */
export class Moved extends RpcError {
  /** @param body of the request, which was read already */
  constructor(readonly body: Uint8Array) {
    super("unavailable", "the gateway is being replaced by another process; try again");
  }
}

/**
 * Stands before the gateway: while it is closed no request gets there, and it is known when the last one is back. What a
 * request costs before (its body, its credentials) is none of its concern, nor is what it waits for elsewhere.
 */
export class Gate {
  #state: "open" | "closed" | "moved" = "open";
  #inside = 0;
  #empty: (() => void) | undefined;
  /** Resolves when it is known who answers, while it is closed. */
  #decided = Promise.withResolvers<void>();
  /** What is done for those outside when another process answers: as many as there are calls that wait elsewhere. */
  readonly #waiting = new Set<() => void>();

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Whether another process answers from now on. */
  get hasMoved(): boolean {
    return this.#state === "moved";
  }

  /** Resolves when it is known who answers: at once, but while it is closed. */
  async decided(): Promise<void> {
    while (this.#state === "closed") await this.#decided.promise;
  }

  /**
   * To be called when a request has been read, and before the gateway is asked anything for it; then `leave` of the visit when
   * that is over.
   *
   * @throws {Moved} while it is closed
   */
  enter(body: Uint8Array): Visit {
    if (this.#state !== "open") throw new Moved(body);
    return new Visit(this.#visitors);
  }

  /**
   * Does something inside for a request that has been read.
   *
   * @throws {Moved} while it is closed
   */
  async visit<Result>(body: Uint8Array, act: (visit: Visit) => Promise<Result>): Promise<Result> {
    const visit = this.enter(body);
    try {
      return await act(visit);
    } finally {
      visit.leave();
    }
  }

  /**
   * Does something inside for somebody who came without a request, or whose request has waited elsewhere.
   *
   * @throws {RpcError} where another process answers meanwhile; then nothing is done
   */
  async during<Result>(act: () => Result): Promise<Result> {
    const visit = new Visit(this.#visitors, false);
    await visit.comeIn();
    try {
      return act();
    } finally {
      visit.leave();
    }
  }

  /**
   * Lets no further request in. Resolves when none is inside any more.
   *
   * @param within milliseconds
   * @returns false where that was not so within the time: then it is open again
   */
  async close(within: number): Promise<boolean> {
    this.#state = "closed";
    this.#decided = Promise.withResolvers();
    if (this.#inside === 0) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#empty = () => resolve(true);
    const late = setTimeout(() => resolve(false), within);
    const empty = await promise;
    clearTimeout(late);
    this.#empty = undefined;
    if (!empty) this.open();
    return empty;
  }

  /** This process answers. */
  open(): void {
    this.#state = "open";
    this.#decided.resolve();
  }

  /** Another process answers, for good. */
  move(): void {
    this.#state = "moved";
    this.#decided.resolve();
    for (const tell of this.#waiting) tell();
  }

  readonly #visitors: Visitors = {
    waiting: this.#waiting,
    add: () => void this.#inside++,
    remove: () => {
      if (--this.#inside === 0) this.#empty?.();
    },
    readd: async () => {
      await this.decided();
      if (this.#state !== "open") return false;
      this.#inside++;
      return true;
    },
  };
}

/** Counts who is inside. */
interface Visitors {
  /** Who is told when another process answers. */
  readonly waiting: Set<() => void>;
  add(): void;
  remove(): void;
  /** Resolves when it is known who answers: whether this process does, and one more is inside. */
  readd(): Promise<boolean>;
}

/** One request at the gateway. It may go out and come in again, since nobody is to wait for what it waits for elsewhere. */
export class Visit {
  #inside: boolean;

  constructor(readonly visitors: Visitors, inside = true) {
    this.#inside = inside;
    if (inside) visitors.add();
  }

  get isInside(): boolean {
    return this.#inside;
  }

  /** Until it comes in again, nothing of the gateway may be touched for it. Also to be called when all is over. */
  leave(): void {
    if (!this.#inside) return;
    this.#inside = false;
    this.visitors.remove();
  }

  /**
   * Waits for what may take seconds and is not the gateway, and comes in again.
   *
   * @throws {RpcError} where another process takes over meanwhile, at once: nobody here waits for the outcome then
   */
  async elsewhere<Result>(wait: () => Promise<Result>): Promise<Result> {
    this.leave();
    const { promise: moved, resolve } = Promise.withResolvers<void>();
    this.visitors.waiting.add(resolve);
    try {
      const running = wait();
      await Promise.race([running, moved]);
      await this.comeIn();
      return await running;
    } finally {
      this.visitors.waiting.delete(resolve);
    }
  }

  /**
   * Comes in again. Resolves once it is known that this process answers.
   *
   * @throws {RpcError} where another process does
   */
  async comeIn(): Promise<void> {
    if (this.#inside) return;
    if (!await this.visitors.readd()) {
      throw new RpcError(
        "unavailable",
        "another process has taken over from this gateway meanwhile; try again",
      );
    }
    this.#inside = true;
  }
}

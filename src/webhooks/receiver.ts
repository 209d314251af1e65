import type { EventName } from "../config/webhook.ts";
import type { Timers } from "../gateway/timers.ts";
import { Backlog, type Bound, type Message } from "./backlog.ts";
import type { Outcome, Send } from "./delivery.ts";

/** Messages that are on their way to one receiver at a time; one while it fails. */
const AT_A_TIME = 8;

/** A message is tried so long, in milliseconds, from when it happened. */
export const TRIED_FOR = 24 * 3_600_000;

/** Wait after a failure, in milliseconds: doubled each time up to the longest, half of it to one and a half times as long. */
const WAIT = { first: 1000, longest: 600_000 };

/** Why messages are not delivered. */
export type DropReason = "too many wait" | "not delivered within a day" | "the receiver wants no more (410)";

/** What a receiver needs to work. */
export interface ReceiverOptions {
  readonly send: Send;
  readonly bound: Bound;
  readonly timers: Timers;
  /** Unix time in milliseconds. */
  readonly unixTime: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A message is done with, delivered or not. */
  readonly done: (message: Message) => void;
  /** It begins to fail, works again, or wants no more: each is told once. */
  readonly changed: (state: "fails" | "works" | "ended", reason: string) => void;
}

/** Delivers to one receiver: messages of one order one after the other, each again and again for a day. */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #backlog: Backlog;
  readonly #waits = new Set<() => void>();
  #underWay = 0;
  /**
   * Failures in a row. Those of messages that were on their way together count as one: they tell of one fault, and the
   * receiver would be left alone the longer the more there were.
   */
  #failures = 0;
  /** Reasons to send nothing for now: a failure, and each answer that asks us to wait. */
  #pauses = 0;
  #ended = false;
  #stopped = true;
  delivered = 0;
  failed = 0;
  readonly dropped: Record<DropReason, number> = {
    "too many wait": 0,
    "not delivered within a day": 0,
    "the receiver wants no more (410)": 0,
  };

  /** @param events what it is told of; if absent, everything */
  constructor(readonly events: readonly EventName[] | undefined, options: ReceiverOptions) {
    this.#options = options;
    this.#backlog = new Backlog(options.bound);
  }

  wants(name: EventName): boolean {
    return !this.#ended && (this.events === undefined || this.events.includes(name));
  }

  /** Messages that wait, and when the oldest happened. */
  get waiting(): { readonly messages: number; readonly oldest: number | undefined } {
    const { size, oldest } = this.#backlog;
    return { messages: size, oldest };
  }

  get state(): "works" | "fails" | "ended" {
    return this.#ended ? "ended" : this.#failures > 0 ? "fails" : "works";
  }

  add(message: Message): void {
    this.#drop("too many wait", this.#backlog.add(message));
    this.#pump();
  }

  start(): void {
    this.#stopped = false;
    this.#pump();
  }

  /** Sends nothing more; what waits stays. */
  stop(): void {
    this.#stopped = true;
    for (const callOff of this.#waits) callOff();
    this.#waits.clear();
  }

  #pump(): void {
    if (this.#stopped || this.#ended || this.#pauses > 0) return;
    const { unixTime } = this.#options;
    this.#drop("not delivered within a day", this.#backlog.takeOlderThan(unixTime() - TRIED_FOR));
    while (this.#underWay < (this.#failures > 0 ? 1 : AT_A_TIME)) {
      const message = this.#backlog.take();
      if (message === undefined) return;
      this.#underWay++;
      const before = this.#failures;
      this.#options.send(message).then((outcome) => this.#ends(message, outcome, before === this.#failures));
    }
  }

  /** @param news whether no failure was noticed while the message was on its way */
  #ends(message: Message, outcome: Outcome, news: boolean): void {
    this.#underWay--;
    if (this.#stopped || this.#ended) return;
    switch (outcome.kind) {
      case "delivered":
        if (this.#failures > 0) this.#options.changed("works", "");
        this.#failures = 0;
        this.delivered++;
        this.#backlog.done(message);
        this.#options.done(message);
        break;
      case "gone":
        this.#ended = true;
        this.#drop("the receiver wants no more (410)", this.#backlog.clear());
        this.#options.changed("ended", "it answers with status 410");
        break;
      case "failed":
        this.#fails(message, outcome.reason, outcome.wait ?? 0, news);
        break;
      default:
        outcome satisfies never;
    }
    this.#pump();
  }

  #fails(message: Message, reason: string, wanted: number, news: boolean): void {
    this.failed++;
    if (this.#failures === 0) this.#options.changed("fails", reason);
    const attempts = this.#backlog.failed(message);
    this.#after(this.#wait(attempts), () => this.#backlog.again(message));
    if (news) {
      this.#failures++;
      // The others are for the same receiver: it gets time to recover, longer with each failure in a row.
      this.#pause(this.#wait(this.#failures));
    }
    if (wanted > 0) this.#pause(wanted);
  }

  #pause(wait: number): void {
    this.#pauses++;
    this.#after(wait, () => this.#pauses--);
  }

  #wait(attempts: number): number {
    const wait = Math.min(WAIT.longest, WAIT.first * 2 ** Math.min(30, attempts - 1));
    return wait * (0.5 + this.#options.random());
  }

  #after(wait: number, act: () => void): void {
    const callOff = this.#options.timers.after(wait, () => {
      this.#waits.delete(callOff);
      act();
      this.#pump();
    });
    this.#waits.add(callOff);
  }

  #drop(reason: DropReason, messages: readonly Message[]): void {
    this.dropped[reason] += messages.length;
    messages.forEach(this.#options.done);
  }
}

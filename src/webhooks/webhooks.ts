import { randomUUID } from "node:crypto";
import type { EventName } from "../config/webhook.ts";
import type { Change } from "../fleet/mod.ts";
import type { Observer } from "../gateway/observers.ts";
import type { Clocks, Timers } from "../gateway/timers.ts";
import { toUnixTime } from "../gateway/timers.ts";
import type { Outbox } from "../store/outbox.ts";
import type { Bound } from "./backlog.ts";
import type { Outcome, Send } from "./delivery.ts";
import { CertificateWatch } from "./certificate_watch.ts";
import { cloudEvent, eventOf, type GatewayEvent } from "./event.ts";
import { type LicenceUse, LicenceWatch } from "./licence_watch.ts";
import { type DropReason, Receiver } from "./receiver.ts";

/** How often it is looked at licences and certificate, and how often drops are told, in milliseconds. */
const LOOK_EVERY = 10_000;

/** Somebody who is to be told. */
export interface Target {
  readonly url: string;
  /** What it is told of; if absent, everything. */
  readonly events?: readonly EventName[] | undefined;
  readonly send: Send;
}

/** What webhooks work with. */
export interface WebhooksOptions {
  readonly clocks: Clocks;
  readonly timers: Timers;
  readonly random: () => number;
  /** What may wait for each receiver. */
  readonly bound: Bound;
  readonly outbox: Outbox;
  /** What customers use now. */
  readonly usage: () => Promise<readonly LicenceUse[]>;
  /** Whether no other gateway of those that share a store has noticed that before. */
  readonly isFirst: (what: string) => Promise<boolean>;
  /** Days until the certificate ends; nothing without TLS. */
  readonly certificateDaysLeft: () => number | undefined;
  /** A receiver, named without what may be secret in its URL, fails, works again, or wants no more. */
  readonly changed: (webhook: string, state: "fails" | "works" | "ended", reason: string) => void;
  /** Events that were dropped since the last time. */
  readonly dropped: (webhook: string, events: number, reason: string) => void;
}

/** How it goes with one receiver, since the start. */
export interface WebhookFigures {
  readonly webhook: string;
  readonly state: "works" | "fails" | "ended";
  readonly delivered: number;
  /** Attempts that were not answered with 2xx. */
  readonly failed: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly waiting: number;
  /** When the oldest that waits happened, unix time in milliseconds. */
  readonly oldest: number | undefined;
}

/** What became of a test event. */
export interface WebhookTest {
  readonly webhook: string;
  readonly outcome: Outcome;
  /** In milliseconds. */
  readonly duration: number;
}

/**
 * Passes on to receivers what happens in the gateway. An event is put into memory and into the outbox, and that is all that
 * whoever made it happen waits for; receivers share nothing but the outbox.
 */
export class Webhooks implements Observer {
  readonly #options: WebhooksOptions;
  readonly #receivers: { readonly name: string; readonly target: Target; readonly receiver: Receiver }[];
  readonly #licences = new LicenceWatch();
  readonly #certificate = new CertificateWatch();
  readonly #told = new Map<string, number>();
  #sequence = 0;
  #stopLooking: (() => void) | undefined;

  constructor(targets: readonly Target[], options: WebhooksOptions) {
    this.#options = options;
    const { bound, timers, random, outbox, clocks: { unixTime } } = options;
    this.#receivers = targets.map((target, i) => {
      const name = `webhooks[${i}] (${new URL(target.url).origin})`;
      const receiver = new Receiver(target.events, {
        ...{ bound, timers, random, unixTime, send: target.send },
        done: ({ sequence }) => outbox.remove(sequence),
        changed: (state, reason) => options.changed(name, state, reason),
      });
      return { name, target, receiver };
    });
    this.#takeUp();
  }

  /** Takes up what was not delivered before the last stop; of receivers that are not configured any more it is dropped. */
  #takeUp(): void {
    const { outbox } = this.#options;
    let orphans = 0;
    for (const { receiver: url, ...message } of outbox.load()) {
      this.#sequence = Math.max(this.#sequence, message.sequence);
      const its = this.#receivers.find(({ target }) => target.url === url);
      if (its !== undefined) its.receiver.add(message);
      else {
        outbox.remove(message.sequence);
        orphans++;
      }
    }
    if (orphans > 0) {
      this.#options.dropped("webhooks of before", orphans, "the receiver is not configured any more");
    }
  }

  start(): void {
    for (const { receiver } of this.#receivers) receiver.start();
    this.#stopLooking = this.#options.timers.every(LOOK_EVERY, () => this.#look());
    this.#look();
  }

  /** Looks at what no change tells. */
  #look(): void {
    this.#tellDropped();
    const { usage, certificateDaysLeft } = this.#options;
    usage().then((usage) => this.#licences.look(usage).forEach((event) => this.#tellOnce(event)));
    const ending = this.#certificate.look(certificateDaysLeft());
    if (ending !== undefined) this.tell(ending);
  }

  /** Sends nothing more. What was not delivered is in the outbox, and is sent after the next start. */
  stop(): void {
    this.#stopLooking?.();
    this.#stopLooking = undefined;
    for (const { receiver } of this.#receivers) receiver.stop();
    this.#tellDropped();
    this.#options.outbox.close();
  }

  changed(change: Change): void {
    const { clocks } = this.#options;
    const event = eventOf(change, (time) => toUnixTime(clocks, time));
    if (event !== undefined) this.tell(event);
  }

  /** Something is the case that other gateways notice as well. */
  async #tellOnce(event: GatewayEvent): Promise<void> {
    const { name, subject, data: { of } } = event;
    if (await this.#options.isFirst(`${name} ${subject} ${of}`) && this.#stopLooking !== undefined) {
      this.tell(event);
    }
  }

  /** Something has happened. */
  tell(event: GatewayEvent): void {
    const { name } = event;
    if (name === "webhook.test") return;
    const wanted = this.#receivers.filter(({ receiver }) => receiver.wants(name));
    if (wanted.length === 0) return;
    const created = this.#options.clocks.unixTime();
    const id = randomUUID();
    const body = cloudEvent(event, id, created);
    for (const { target, receiver } of wanted) {
      const message = { sequence: ++this.#sequence, id, order: event.order, body, created };
      this.#options.outbox.add({ receiver: target.url, ...message });
      receiver.add(message);
    }
  }

  /** Sends an event to each receiver, past those that wait, and says what became of it. */
  test(): Promise<WebhookTest[]> {
    return Promise.all(this.#receivers.map(async ({ name, target }) => {
      const { now, unixTime } = this.#options.clocks;
      const id = randomUUID();
      const event: GatewayEvent = { name: "webhook.test", subject: "test", order: "", data: {} };
      const start = now();
      const outcome = await target.send({ id, body: cloudEvent(event, id, unixTime()) });
      return { webhook: name, outcome, duration: now() - start };
    }));
  }

  get figures(): WebhookFigures[] {
    return this.#receivers.map(({ name, receiver }) => {
      const { state, delivered, failed, dropped, waiting: { messages, oldest } } = receiver;
      return { webhook: name, state, delivered, failed, dropped: { ...dropped }, waiting: messages, oldest };
    });
  }

  #tellDropped(): void {
    for (const { name, receiver } of this.#receivers) {
      for (const [reason, count] of Object.entries(receiver.dropped)) {
        const key = `${name} ${reason}`;
        const more = count - (this.#told.get(key) ?? 0);
        if (more > 0) this.#options.dropped(name, more, reason);
        this.#told.set(key, count);
      }
    }
  }
}

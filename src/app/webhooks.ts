import type { Settings } from "../config/schema.ts";
import { webhookKey } from "../config/webhook.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Observer } from "../gateway/observers.ts";
import { RUNTIME_TIMERS } from "../gateway/timers.ts";
import { log } from "../ops/log.ts";
import type { Outbox, OutboxEvents } from "../store/outbox.ts";
import { StoreError } from "../store/port.ts";
import { Delivery } from "../webhooks/delivery.ts";
import { leads } from "./lead.ts";
import { type WebhookFigures, Webhooks, type WebhookTest } from "../webhooks/webhooks.ts";

/** What all gateways that share a store notice they notice within this time, in milliseconds. */
const NOTICED_WITHIN = 60_000;

/** Opens what keeps events until they are delivered. @throws {StoreError} */
export type OpenOutbox = (events: OutboxEvents) => Outbox;

/** The webhooks as configured, while this process has the data folder. */
export class RunningWebhooks implements Observer {
  #open: { readonly webhooks: Webhooks; readonly deliveries: readonly Delivery[] } | undefined;

  constructor(
    readonly settings: Pick<Settings, "webhooks" | "limits">,
    readonly gateway: Pick<Gateway, "figures" | "store">,
    readonly openOutbox: OpenOutbox,
    readonly certificateDaysLeft: () => number | undefined,
  ) {}

  /** Takes up what was not delivered before. @throws {StoreError} where the outbox cannot be opened */
  open(): void {
    const { webhooks: configured, limits } = this.settings;
    if (configured.length === 0 || this.#open !== undefined) return;
    const clocks = { now: () => performance.now(), unixTime: Date.now };
    const outbox = this.openOutbox({
      failed: ({ message }) =>
        log.error("events for webhooks cannot be kept: {message}. A restart would lose those that wait", {
          message,
        }),
      recovered: () => log.warning("events for webhooks can be kept again"),
    });
    const deliveries = configured.map(({ url, secret }) => {
      const secrets = typeof secret === "string" ? [secret] : secret;
      return new Delivery(url, secrets.flatMap((each) => webhookKey(each) ?? []), clocks.unixTime);
    });
    const targets = configured.map(({ url, events }, i) => ({ url, events, send: deliveries[i]!.send }));
    const webhooks = new Webhooks(targets, {
      ...{ clocks, timers: RUNTIME_TIMERS, random: Math.random, outbox },
      bound: { messages: limits.webhookEvents, length: limits.webhookBytes },
      usage: async () => (await this.gateway.figures(Infinity)).customers,
      isFirst: (what) => leads(this.gateway.store, `webhooks ${what}`, NOTICED_WITHIN),
      certificateDaysLeft: this.certificateDaysLeft,
      changed: tellState,
      dropped: (webhook, events, reason) =>
        log.warning("{events} events for {webhook} were dropped: {reason}", { events, webhook, reason }),
    });
    this.#open = { webhooks, deliveries };
  }

  start(): void {
    this.#open?.webhooks.start();
  }

  /** Goes on after a stop; where the outbox cannot be opened again there are no webhooks until the next start. */
  resume(): void {
    try {
      this.open();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log.error("there are no webhooks until the next start: {message}", { message: error.message });
    }
    this.start();
  }

  /** Sends nothing more; what was not delivered is kept for the next who has the data folder. */
  stop(): void {
    this.#open?.webhooks.stop();
    this.#open?.deliveries.forEach((delivery) => delivery[Symbol.dispose]());
    this.#open = undefined;
  }

  changed(...[change]: Parameters<NonNullable<Observer["changed"]>>): void {
    this.#open?.webhooks.changed(change);
  }

  get figures(): readonly WebhookFigures[] {
    return this.#open?.webhooks.figures ?? [];
  }

  async test(): Promise<readonly WebhookTest[]> {
    return await this.#open?.webhooks.test() ?? [];
  }
}

function tellState(webhook: string, state: "fails" | "works" | "ended", reason: string): void {
  switch (state) {
    case "fails":
      return log.warning(
        "{webhook} does not take events: {reason}. They are sent again and again for a day",
        {
          webhook,
          reason,
        },
      );
    case "works":
      return log.info("{webhook} takes events again", { webhook });
    case "ended":
      return log.warning("{webhook} wants no more events ({reason}): it gets none until the next start", {
        webhook,
        reason,
      });
    default:
      state satisfies never;
  }
}

import { unixTime } from "../../../fleet/mod.ts";
import { z } from "zod";
import { type AdminMethod, adminMethod, iso } from "./method.ts";

/** What operators may ask of webhooks. */
export interface WebhookControl {
  /** Sends a test event to each receiver. */
  test(): Promise<
    readonly {
      readonly webhook: string;
      readonly outcome: { readonly kind: string; readonly status?: number; readonly reason?: string };
      /** In milliseconds. */
      readonly duration: number;
    }[]
  >;
  /** How it goes with each receiver; times are unix time in milliseconds. */
  readonly figures: readonly {
    readonly webhook: string;
    readonly state: "works" | "fails" | "ended";
    readonly delivered: number;
    readonly failed: number;
    readonly dropped: Readonly<Record<string, number>>;
    readonly waiting: number;
    readonly oldest: number | undefined;
  }[];
}

const Webhook = z.string().describe("The webhook, by its place in the configuration and where it is.");

export const ShownWebhooks = z.object({
  webhooks: z.array(z.object({
    webhook: Webhook,
    state: z.enum(["works", "fails", "ended"]).describe(
      "`fails` since its last attempt; `ended` by an answer of 410, until the next start.",
    ),
    delivered: z.int().describe("Events that it took."),
    failed: z.int().describe("Attempts that it did not answer with 2xx."),
    dropped: z.int().describe("Events that it will not get: too many waited, or for a day."),
    waiting: z.int().describe("Events that wait, or are on their way."),
    oldest: z.iso.datetime().nullable().describe("When the oldest of them happened."),
  })),
});

export const TestedWebhooks = z.object({
  webhooks: z.array(z.object({
    webhook: Webhook,
    delivered: z.boolean(),
    status: z.int().nullable().describe("HTTP status of the answer, if there was one."),
    reason: z.string().nullable().describe("Why it was not delivered."),
    milliseconds: z.int().describe("What it took."),
  })),
});

/** The methods that show and try webhooks; `webhooks` is absent where none are configured. */
export function webhookMethods(
  { webhooks }: { readonly webhooks?: WebhookControl | undefined },
): readonly AdminMethod[] {
  return [
    adminMethod({
      name: "webhook.List",
      summary: "List the webhooks, and how it goes with each since the start",
      does: "shows",
      params: z.object({}),
      result: ShownWebhooks,
      errors: [],
      run: () => ({
        webhooks: (webhooks?.figures ?? []).map(({ dropped, oldest, ...figures }) => ({
          ...figures,
          dropped: Object.values(dropped).reduce((sum, count) => sum + count, 0),
          oldest: oldest === undefined ? null : iso(unixTime(oldest)),
        })),
      }),
    }),
    adminMethod({
      name: "webhook.Test",
      summary: "Send a test event to each webhook, and say what became of it",
      description: "It goes past the events that wait, and is tried once, for up to ten seconds.",
      does: "changes",
      waitsForOthers: true,
      params: z.object({}),
      result: TestedWebhooks,
      errors: [],
      run: async () => {
        const tests = await webhooks?.test() ?? [];
        return {
          webhooks: tests.map(({ webhook, outcome, duration }) => ({
            webhook,
            delivered: outcome.kind === "delivered",
            status: outcome.status ?? null,
            reason: outcome.reason ?? null,
            milliseconds: Math.round(duration),
          })),
        };
      },
    }),
  ];
}

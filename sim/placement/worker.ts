/// <reference lib="webworker" />
import { Inconsistency } from "./inconsistency.ts";
import type { Figures } from "./measurement.ts";
import { type Job, simulate } from "./simulation.ts";

/** What a job came to, or why the gateway's model is wrong. */
export type Outcome = { readonly figures: Figures } | { readonly inconsistency: string };

self.onmessage = ({ data }: MessageEvent<Job>) => self.postMessage(outcomeOf(data));

function outcomeOf(job: Job): Outcome {
  try {
    return { figures: simulate(job) };
  } catch (error) {
    if (error instanceof Inconsistency) return { inconsistency: error.message };
    throw error;
  }
}

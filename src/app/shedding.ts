import type { Settings } from "../config/schema.ts";
import { type Shed, Shedding } from "../edge/limits/shedding.ts";
import { log } from "../ops/log.ts";

/** What is put off under too much load, as configured; the log says when it begins and ends. */
export function createShedding(settings: Pick<Settings, "shedding">): Shedding {
  return new Shedding(shedsAbove(settings), tell);
}

/** How late the event loop may be, in milliseconds. */
export function shedsAbove({ shedding: { delay } }: Pick<Settings, "shedding">): number {
  return delay === "off" ? Infinity : delay * 1000;
}

function tell(shed: Shed, late: number): void {
  const seconds = (late / 1000).toFixed(1);
  switch (shed) {
    case "nothing":
      return log.warning("the event loop is in time again: everything is served");
    case "connects":
      return log.warning("the event loop is {seconds} s late: Connects get 503 until it is in time again", {
        seconds,
      });
    case "connects and management":
      return log.warning(
        "the event loop is {seconds} s late: Connects and management get 503 until it is in time again",
        { seconds },
      );
    default:
      shed satisfies never;
  }
}

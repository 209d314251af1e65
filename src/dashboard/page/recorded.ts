/// <reference lib="dom" />
import { type ComponentChild, h } from "preact";
import type { Course } from "../history/track.ts";
import { Chart } from "./chart.ts";
import { type Asked, get, useAsked } from "./rpc.ts";

/** Seconds between two looks at what was. */
const EVERY = 10;

/** What was recorded of a server or of a customer; `null` where nothing was. */
export function useRecorded<History>(of: "server" | "customer", name: string): Asked<History | null> {
  const query = new URLSearchParams({ [of]: name });
  return useAsked(name, (signal) => get<History | null>(`/dashboard/history?${query}`, signal), EVERY);
}

/** Figures over the last hour, and over the last day. @param title of the one that is named */
export function HourAndDay({ title, steps, format, courses }: {
  title: (of: "hour" | "day") => string;
  steps: { readonly hour: number; readonly day: number };
  format: (value: number | null) => string;
  courses: readonly (readonly [name: string, course: Course])[];
}): ComponentChild {
  return h(
    "div",
    { class: "charts" },
    (["hour", "day"] as const).map((of) => {
      const lines = courses.map(([name, course]) => ({ name, values: course[of] }));
      return h(Chart, { title: title(of), step: steps[of], format, lines, key: of });
    }),
  );
}

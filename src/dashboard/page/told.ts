import type { Problem } from "../../edge/methods/admin/status.ts";
import type { Happening } from "../activity.ts";
import type { Greeting } from "../live.ts";
import type { CustomerRow, FleetRow, Section, ServerRow } from "../state.ts";
import { newest } from "../newest.ts";
import type { News } from "./news.ts";

/** What is known of the fleet by the news so far: what a page shows, and what one that comes later is told. */
export class Told {
  greeting: Greeting | undefined;
  /** Unix time of the last news, in milliseconds; 0 before the first. */
  heard = 0;
  /** Why nothing is told, while nothing is. */
  lost: string | undefined;
  activity: readonly Happening[] = [];
  readonly rows = {
    servers: new Map<string, ServerRow>(),
    customers: new Map<string, CustomerRow>(),
    refusals: new Map<string, number>(),
    fleet: new Map<string, FleetRow>(),
    problems: new Map<string, readonly Problem[]>(),
  } satisfies Record<Section, Map<string, unknown>>;

  /** @returns whether it comes from another version of the gateway than what was told before */
  take(news: News): boolean {
    this.lost = news.what === "lost" ? news.why : undefined;
    if (this.lost === undefined) this.heard = Date.now();
    switch (news.what) {
      case "hello": {
        const before = this.greeting;
        const { activity, ...greeting } = news.data;
        [this.greeting, this.activity] = [greeting, newest(activity)];
        for (const rows of Object.values(this.rows)) rows.clear();
        return before !== undefined && before.version !== greeting.version;
      }
      case "rows":
        for (const [section, rows] of Object.entries(this.rows)) merge(rows, news.data[section]);
        return false;
      case "activity": {
        // What happens while a page comes is in the greeting and in the news after it.
        const last = this.activity.at(-1)?.number ?? 0;
        this.activity = newest([...this.activity, ...news.data.filter(({ number }) => number > last)]);
        return false;
      }
      case "beat":
      case "lost":
        return false;
      default:
        return news satisfies never;
    }
  }

  /** All of it, as news for a page that comes later. */
  *again(): Generator<News> {
    const { greeting, activity, lost, rows } = this;
    if (greeting !== undefined) yield { what: "hello", data: { ...greeting, activity } };
    if (rows.fleet.size > 0) {
      const data = Object.entries(rows).map(([section, its]) => [section, Object.fromEntries(its)]);
      yield { what: "rows", data: Object.fromEntries(data) };
    }
    if (lost !== undefined) yield { what: "lost", why: lost };
  }
}

function merge(rows: Map<string, unknown>, changed: Readonly<Record<string, unknown>> = {}): void {
  for (const [name, row] of Object.entries(changed)) {
    if (row === null) rows.delete(name);
    else rows.set(name, row);
  }
}

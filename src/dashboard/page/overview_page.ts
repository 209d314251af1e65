import { type ComponentChild, h } from "preact";
import { useState } from "preact/hooks";
import type { Problem } from "../../edge/methods/admin/status.ts";
import type { FleetFigure, FleetHistory } from "../history/history.ts";
import { Chart } from "./chart.ts";
import { useFleet } from "./fleet.ts";
import { counted, duration, measured, NOTHING, share, spaced } from "./format.ts";
import { HeatMap, type Minutes } from "./heat.ts";
import { Answer, State, STATES } from "./parts.ts";
import { linkTo } from "./route.ts";
import { get, useAsked } from "./rpc.ts";
import { Name } from "./name.ts";
import type { Told } from "./told.ts";

type Rows = Told["rows"];

/** Seconds between two looks at what was. */
const HISTORY_EVERY = 10;
const MINUTES_EVERY = 60;

/** One glance says whether all is well. */
export function OverviewPage(): ComponentChild {
  const { rows } = useFleet();
  return h(
    "section",
    null,
    h("h1", null, "Overview"),
    h(Problems, { rows }),
    h(Tiles, { rows }),
    h(Charts, null),
    h(Heat, null),
  );
}

function Problems({ rows }: { rows: Rows }): ComponentChild {
  const problems = rows.problems.get("");
  if (problems === undefined) return h("p", { class: "verdict" }, "… looking");
  if (problems.length === 0) return h("p", { class: "verdict well", role: "status" }, "✓ All is well");
  return h(
    "section",
    { class: "problems", "aria-label": "What is wrong now" },
    h("h2", null, "What is wrong now"),
    h(
      "div",
      { role: "status" },
      h("ul", null, problems.map((problem) => h(OneProblem, { problem, key: problem.what }))),
    ),
  );
}

function OneProblem({ problem: { severity, what, todo, about = {} } }: { problem: Problem }): ComponentChild {
  const { server, customer, pool } = about;
  const link = server !== undefined
    ? linkTo("server", server)
    : customer !== undefined
    ? linkTo("customer", customer)
    : pool !== undefined
    ? "#/servers"
    : undefined;
  return h(
    "li",
    { class: severity },
    h(State, { state: severity }),
    h("p", { class: "what" }, h(Name, { name: what, whole: true })),
    todo !== undefined && h("p", { class: "todo" }, `What to do: ${todo}.`),
    link !== undefined && h("a", { href: link }, "Look at it"),
  );
}

function Tiles({ rows: { servers, refusals, fleet } }: { rows: Rows }): ComponentChild {
  const its = fleet.get("");
  const all = [...servers.values()];
  const open = all.filter(({ state }) => state === "open");
  const sum = (of: (server: typeof all[number]) => number) =>
    all.reduce((sum, server) => sum + of(server), 0);
  const refused = [...refusals.values()].reduce((sum, rate) => sum + rate, 0);
  const causes = [...refusals].filter(([, rate]) => rate > 0).sort(([, a], [, b]) => b - a).slice(0, 4);
  const states = STATES.map((state) =>
    [state, all.filter((server) => server.state === state).length] as const
  ).filter(([, count]) => count > 0);
  const load = open.length === 0 ? null : open.reduce((sum, { load }) => sum + load, 0) / open.length;
  const tiles: [string, string, ComponentChild | string | null][] = [
    ["Grants a second", measured(its?.grants ?? null), null],
    [
      "Refusals a second",
      measured(refused),
      causes.length === 0
        ? null
        : causes.map(([cause, rate]) => `${spaced(cause)} ${measured(rate)}`).join(", "),
    ],
    ["Connect, median", duration(its?.p50 ?? null), null],
    ["Connect, 99th percentile", duration(its?.p99 ?? null), null],
    [
      "Servers",
      counted(all.length),
      h(
        "span",
        null,
        states.map(([state, count]) =>
          h("span", { class: "with", key: state }, h(State, { state }), ` ${count} `)
        ),
      ),
    ],
    ["Load of open servers", share(load), null],
    ["Rooms", its === undefined ? NOTHING : counted(its.rooms), null],
    [
      "Clients",
      counted(sum(({ clients }) => clients)),
      `${counted(sum(({ grants }) => grants))} on their way`,
    ],
    ["Bans", its === undefined ? NOTHING : counted(its.bans), null],
  ];
  return h(
    "dl",
    { class: "tiles" },
    tiles.map(([name, value, more]) =>
      h(
        "div",
        { key: name },
        h("dt", null, name),
        h("dd", null, h("b", null, value), more !== null && h("small", null, more)),
      )
    ),
  );
}

function Charts(): ComponentChild {
  const asked = useAsked(
    "history",
    (signal) => get<FleetHistory>("/dashboard/history", signal),
    HISTORY_EVERY,
  );
  const [day, setDay] = useState(false);
  return h(
    "section",
    { "aria-label": "History" },
    h(
      "div",
      { class: "buttons", role: "group", "aria-label": "How far back" },
      h("button", { type: "button", "aria-pressed": !day, onClick: () => setDay(false) }, "Last hour"),
      h("button", { type: "button", "aria-pressed": day, onClick: () => setDay(true) }, "Last day"),
    ),
    h(Answer<FleetHistory>, {
      asked,
      children: ({ steps, fleet }) => {
        const of = day ? "day" : "hour";
        const line = (name: string, figure: FleetFigure) => ({ name, values: fleet[figure][of] });
        const step = steps[of];
        return h(
          "div",
          { class: "charts" },
          h(Chart, {
            title: "Connects a second",
            step,
            format: measured,
            lines: [line("granted", "grants"), line("refused", "refusals")],
          }),
          h(Chart, {
            title: "Time of a Connect",
            step,
            format: duration,
            lines: [line("median", "p50"), line("99th percentile", "p99")],
          }),
          h(Chart, { title: "Clients", step, format: measured, lines: [line("clients", "clients")] }),
          h(Chart, { title: "Load of open servers", step, format: share, lines: [line("mean", "load")] }),
          h(Chart, { title: "Rooms", step, format: measured, lines: [line("rooms", "rooms")] }),
        );
      },
    }),
  );
}

function Heat(): ComponentChild {
  const asked = useAsked("minutes", (signal) => get<Minutes>("/dashboard/minutes", signal), MINUTES_EVERY);
  return h(Answer<Minutes>, { asked, children: (minutes) => h(HeatMap, { minutes }) });
}

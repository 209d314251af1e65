import { type ComponentChild, h } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Happening, Named } from "../activity.ts";
import { Select, TextFilter } from "./fields.ts";
import { useFleet } from "./fleet.ts";
import { timeOfDay } from "./format.ts";
import { Name, RoomName } from "./name.ts";
import { State } from "./parts.ts";
import { linkTo } from "./route.ts";

const SORTS = [
  ["", "all"],
  ["operators", "what operators did"],
  ["customers", "what customers did, and bans"],
  ["fleet", "what happened in the fleet"],
] as const;

const SEVERITIES = [["", "all"], ["bad", "warnings and errors"]] as const;

/** What happened in the fleet, and who did what, as it comes. */
export function ActivityPage(): ComponentChild {
  const { activity } = useFleet();
  const [text, setText] = useState("");
  const [sort, setSort] = useState("");
  const [severity, setSeverity] = useState("");
  const [held, setHeld] = useState<readonly Happening[]>();
  const shown = (held ?? activity).filter((its) =>
    (sort === "" || its.sort === sort) && (severity === "" || its.severity !== "info") &&
    (text === "" || sentence(its).toLowerCase().includes(text.toLowerCase()))
  ).toReversed();
  return h(
    "section",
    null,
    h("h1", null, "Activity"),
    h(
      "form",
      { class: "filters", role: "search", onSubmit: (event: Event) => event.preventDefault() },
      h(TextFilter, { label: "With this text", text, filter: setText }),
      h(Select, { label: "Show", options: SORTS, value: sort, choose: setSort }),
      h(Select, { label: "Severity", options: SEVERITIES, value: severity, choose: setSeverity }),
      h(
        "button",
        {
          type: "button",
          "aria-pressed": held !== undefined,
          onClick: () => setHeld(held === undefined ? activity : undefined),
        },
        "Hold",
      ),
    ),
    shown.length === 0 ? h("p", null, "Nothing so far.") : h(
      "ol",
      { class: "activity", "aria-label": "What happened, the newest first" },
      shown.map((its) => h(Line, { its, key: its.number })),
    ),
  );
}

/** A happening; what has happened does not change, and is drawn once. */
function Line({ its }: { its: Happening }): ComponentChild {
  return useMemo(() => drawn(its), [its]);
}

function drawn({ at, severity, parts }: Happening): ComponentChild {
  return h(
    "li",
    { class: severity },
    h("time", { dateTime: new Date(at).toISOString() }, timeOfDay(at)),
    h(State, { state: severity }),
    h(
      "span",
      null,
      parts.map((part, i) =>
        typeof part === "string" ? h(Name, { name: part, whole: true, key: i }) : h(Part, { part, key: i })
      ),
    ),
  );
}

/** A name in the sentence, with a link to what it names. */
function Part({ part: { is, name, namespace } }: { part: Named }): ComponentChild {
  switch (is) {
    case "server":
      return h("a", { href: linkTo("server", name) }, h(Name, { name }));
    case "customer":
      return h("a", { href: linkTo("customer", name) }, h(Name, { name }));
    case "room": {
      const room = [namespace ?? "", name] as const;
      return h("a", { href: linkTo("room", ...room) }, h(RoomName, { room }));
    }
    case "user":
    case "caller":
      return h("b", null, h(Name, { name }));
  }
}

function sentence({ parts }: Happening): string {
  return parts.map((part) => typeof part === "string" ? part : `${part.namespace ?? ""} ${part.name}`).join(
    "",
  );
}

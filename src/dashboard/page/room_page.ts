import { type ComponentChild, Fragment, h } from "preact";
import type { z } from "zod";
import type { Explained, Located } from "../../edge/methods/admin/room_methods.ts";
import { type Ban, BanPages } from "./bans_page.ts";
import { Bar, BarKey } from "./chart.ts";
import { ActionButton } from "./confirm.ts";
import { Select } from "./fields.ts";
import { mayChange } from "./fleet.ts";
import { counted, measured, moment, share, span } from "./format.ts";
import { useList } from "./lists.ts";
import { Name, RoomName } from "./name.ts";
import { Answer, Facts, Table } from "./parts.ts";
import { linkTo } from "./route.ts";
import { call, useCall } from "./rpc.ts";
import { CANDIDATE_PARTS, candidateParts } from "./server_load.ts";

type Explanation = NonNullable<z.output<typeof Explained>["explanation"]>;

/** Times for which a room can be kept closed, in seconds. */
const BANS = [
  ["", "no time: clients may come back at once"],
  ...[60, 300, 3600, 86_400].map((seconds) => [seconds, span(seconds)] as const),
] as const;

/** Where a room is, and why it is there. */
export function RoomPage({ namespace, name }: { namespace: string; name: string }): ComponentChild {
  const room_id: [string, string] = [namespace, name];
  const located = useCall<z.output<typeof Located>>("room.Locate", { room_id });
  const explained = useCall<z.output<typeof Explained>>("room.Explain", { room_id });
  const bans = useList<Ban>("ban.List", "bans", { namespace, room: name });
  const again = () => {
    for (const asked of [located, explained, bans]) asked.again();
  };
  return h(
    "section",
    null,
    h("h1", null, "Room ", h(RoomName, { room: room_id, whole: true })),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", onClick: again }, "Refresh"),
      mayChange() && h(CloseRoom, { room: room_id, done: again }),
    ),
    h(Answer<z.output<typeof Located>>, {
      asked: located,
      children: ({ customer, server, peers, grants, group, listed }) =>
        h(Facts, {
          facts: [
            ["Server", h("a", { href: linkTo("server", server) }, h(Name, { name: server }))],
            ["Customer", h("a", { href: linkTo("customer", customer) }, h(Name, { name: customer }))],
            ["Clients", counted(peers)],
            ["On their way", counted(grants)],
            ["Group", h(Name, { name: group })],
            [
              "In its server's report",
              listed ? "yes" : "no: granted and not there yet, or over and its place is kept",
            ],
          ],
        }),
    }),
    h("h2", null, "Why it is here"),
    h(Answer<z.output<typeof Explained>>, {
      asked: explained,
      children: ({ explanation, note }) =>
        explanation === null ? h("p", null, `Not known: ${note}.`) : h(Why, { explanation }),
    }),
    h("h2", null, "Bans"),
    h(BanPages, { list: bans, none: "None.", done: again }),
  );
}

function Why({ explanation }: { explanation: Explanation }): ComponentChild {
  const { at, by, relieved, template, expectedSize, size, pool, overCeiling, candidates, leftOut } =
    explanation;
  const bars = candidates.map((its) => ({ its, parts: candidateParts(its) }));
  const whole = Math.max(1, ...bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0)));
  return h(
    "div",
    null,
    h(Facts, {
      facts: [
        ["Since", moment(at)],
        ["Chosen by", h(Name, { name: by })],
        ...(relieved === undefined ? [] : [
          [
            "Moved from",
            h(
              Fragment,
              null,
              h("a", { href: linkTo("server", relieved.server) }, h(Name, { name: relieved.server })),
              `, which was at ${share(relieved.load)}`,
            ),
          ] as const,
        ]),
        ["Kind", h(Name, { name: template })],
        ["Placed for", `${measured(expectedSize)} clients`],
        ["Hardly ever above", `${measured(size)} clients`],
        ["Pool", h(Name, { name: pool })],
        ["Above the ceiling", overCeiling ? "yes, all servers would be" : "no"],
      ],
    }),
    h(BarKey, { names: CANDIDATE_PARTS }),
    h(Table, {
      label: "Servers that could be chosen",
      head: ["Server", "Expected load", "In parts", "Weight"],
      children: bars.map(({ its, parts }) => {
        const chosen = its.address === explanation.server;
        return h(
          "tr",
          { class: chosen ? "chosen" : "", key: its.address },
          h(
            "th",
            { scope: "row" },
            h("a", { href: linkTo("server", its.address) }, h(Name, { name: its.address })),
            chosen && " ✓ chosen",
          ),
          h("td", { class: "number" }, share(its.expectedLoad)),
          h("td", { class: "drawn" }, h(Bar, { parts, whole })),
          h(
            "td",
            { class: "number" },
            its.weight === 1
              ? "1"
              : `${measured(its.weight)}, the load counts ${measured(1 / its.weight)} times`,
          ),
        );
      }),
    }),
    explanation.furtherCandidates > 0 && h("p", null, `and ${counted(explanation.furtherCandidates)} more`),
    leftOut.length > 0 && h(Table, {
      label: "Servers that were left out",
      head: ["Left out", "Why"],
      children: leftOut.map(({ server, reason }) =>
        h("tr", { key: server }, h("th", { scope: "row" }, h(Name, { name: server })), h("td", null, reason))
      ),
    }),
    explanation.furtherLeftOut > 0 &&
      h("p", null, `and ${counted(explanation.furtherLeftOut)} more were left out`),
  );
}

function CloseRoom({ room, done }: { room: readonly [string, string]; done: () => void }): ComponentChild {
  return h(ActionButton, {
    label: "Close",
    harmful: true,
    explains: [
      "The room ",
      h(RoomName, { room }),
      " is closed when its server reports next, for everybody in it.",
    ],
    fields: h(Select, { label: "Keep it closed for", name: "ban", options: BANS }),
    async run(form, signal) {
      const given = form.get("ban");
      const ban = given === null || given === "" ? {} : { ban_time: Number(given) };
      const closed = await call<{ ban: { until: string } | null }>(
        "room.Close",
        { room_id: room, ...ban },
        signal,
      );
      return closed.ban === null
        ? "its server is told to close the room"
        : `its server is told to close the room; nobody gets in until ${moment(closed.ban.until)}`;
    },
    done,
  });
}

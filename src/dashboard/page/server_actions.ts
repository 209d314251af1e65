import { type ComponentChild, h } from "preact";
import type { ServerRow } from "../state.ts";
import { ActionButton } from "./confirm.ts";
import { Field, Select } from "./fields.ts";
import { moment, share, span } from "./format.ts";
import { Name } from "./name.ts";
import { call } from "./rpc.ts";

interface Plan {
  readonly weight: number;
  readonly draining: { readonly deadline: string | null } | null;
}

/** Deadlines for draining that can be chosen, in seconds. */
const DEADLINES = [
  ["", "never: wait until it is empty"],
  ...[300, 900, 3600, 4 * 3600, 86_400].map((seconds) => [seconds, span(seconds)] as const),
] as const;

/** What can be done with a server, for whoever may. */
export function ServerActions({ address, state, weight, done }: Pick<ServerRow, "state" | "weight"> & {
  address: string;
  done?: (() => void) | undefined;
}): ComponentChild {
  const name = h(Name, { name: address });
  return h(
    "span",
    { class: "buttons" },
    h(ActionButton, {
      key: "Resume",
      offered: state === "draining",
      label: "Resume",
      explains: ["The server ", name, " gets new rooms again."],
      async run(_form, signal) {
        await call<Plan>("server.Resume", { address }, signal);
        return `${address} gets new rooms again`;
      },
      done,
    }),
    h(ActionButton, {
      key: "Drain",
      offered: state !== "draining",
      label: "Drain",
      harmful: true,
      explains: [
        "The server ",
        name,
        " gets no new rooms. The rooms that it has stay, until the deadline if there is one.",
      ],
      fields: h(Select, { label: "Close what is left after", name: "deadline", options: DEADLINES }),
      async run(form, signal) {
        const given = form.get("deadline");
        const deadline = given === null || given === "" ? {} : { deadline: Number(given) };
        const { draining } = await call<Plan>("server.Drain", { address, ...deadline }, signal);
        const end = draining?.deadline ?? null;
        return end === null ? `${address} is draining` : `${address} is draining, until ${moment(end)}`;
      },
      done,
    }),
    h(ActionButton, {
      key: "Weight",
      label: "Weight",
      explains: [
        "How much of what it could take the server ",
        name,
        " is to take. With 0 it gets no new rooms.",
      ],
      fields: h(Field, {
        label: "Weight in percent",
        children: h("input", {
          name: "weight",
          type: "number",
          min: 0,
          max: 100,
          step: 1,
          required: true,
          defaultValue: String(Math.round(weight * 100)),
        }),
      }),
      async run(form, signal) {
        const plan = await call<Plan>("server.SetWeight", {
          address,
          weight: Number(form.get("weight")) / 100,
        }, signal);
        return `${address} is to take ${share(plan.weight)} of what it could`;
      },
      done,
    }),
    h(ActionButton, {
      key: "Forget",
      offered: state === "silent",
      label: "Forget",
      harmful: true,
      explains: [
        "The server ",
        name,
        " is gone for good: its rooms, its tasks and its weight are forgotten.",
      ],
      async run(_form, signal) {
        await call("server.Forget", { address }, signal);
        return `${address} is forgotten`;
      },
      done,
    }),
  );
}

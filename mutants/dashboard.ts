import type { Mutant } from "./mutant.ts";

const PAGE = "src/edge/auth/own_page.ts";

/** Faults in who may call from a browser, and in what a page that looks is told. */
export const dashboard: readonly Mutant[] = [
  {
    file: PAGE,
    find: '  if (origin !== undefined && !isOwn(origin, request)) return "a page of another site";\n',
    put: "",
    breaks: "a page of another site calls with the browser's credentials",
  },
  {
    file: PAGE,
    find: 'site !== "same-origin" && !navigates',
    put: 'site === "cross-site" && !navigates',
    breaks: "a page on another port of the machine reads what the dashboard reads",
  },
  {
    file: PAGE,
    find: 'request.method !== "POST" && request.header("sec-fetch-mode")',
    put: 'request.header("sec-fetch-mode")',
    breaks: "a form on another site calls",
  },
  {
    file: PAGE,
    find: ' &&\n    request.header("sec-fetch-dest") === "document"',
    put: "",
    breaks: "another site has it in a frame",
  },
  {
    file: PAGE,
    find: "application\\/json *(;|$)",
    put: "application\\/json",
    breaks: "a type that needs no preflight may be mistaken for JSON",
  },
  {
    file: PAGE,
    find: '  if (!isOwnHost(host, hostname)) return "another host than this machine";\n',
    put: "",
    breaks: "a name that was made to mean this machine is believed",
  },
  {
    file: PAGE,
    find: 'name === "localhost"',
    put: 'name.endsWith("localhost")',
    breaks: "anybody may register a name that passes for this machine",
  },
  {
    file: PAGE,
    find: "from !== undefined && isOwn(from, request) ? undefined",
    put: "from === undefined || isOwn(from, request) ? undefined",
    breaks: "a stranger's browser comes in through a proxy",
  },
  {
    file: "src/dashboard/live.ts",
    find: "        if (told.get(name) === json) continue;\n",
    put: "",
    breaks: "every row is told each second, changed or not",
  },
  {
    file: "src/dashboard/live.ts",
    find: "          told.delete(name);\n",
    put: "",
    breaks: "what is gone is told again and again, and comes back for the next page",
  },
  {
    file: "src/dashboard/live.ts",
    find: '        if (this.#told.size > 0) send(event("rows", this.#all()));\n',
    put: "",
    breaks: "a second page shows only what changes",
  },
  {
    file: "src/dashboard/dashboard.ts",
    find: "      live.forget();\n",
    put: "",
    breaks: "a page that comes after a while sees what was then",
  },
  {
    file: "src/dashboard/page/told.ts",
    find: ".filter(({ number }) => number > last)",
    put: "",
    breaks: "what happens while a page comes is shown twice",
  },
  {
    file: "src/dashboard/activity.ts",
    find: "    if (this.#kept.length >= 2 * MOST) this.#kept = newest(this.#kept);\n",
    put: "",
    breaks: "what happened fills the memory",
  },
  {
    file: "src/dashboard/newest.ts",
    find: "room[sort]-- > 0",
    put: "room.fleet-- > 0",
    breaks: "what customers do pushes out what operators did",
  },
  {
    file: "src/dashboard/history/history.ts",
    find: "    for (let i = 0; i < Math.min(missed, FINE.values); i++) this.#gap();\n",
    put: "",
    breaks: "after a pause of the process all that was before has the wrong time",
  },
  {
    file: "src/dashboard/history/named.ts",
    find: "      if (this.#kept.size >= this.limit && !this.#makeRoom()) return;\n",
    put: "",
    breaks: "servers beyond the thousandth fill the memory",
  },
  {
    file: "src/dashboard/history/named.ts",
    find: "        kept.gone = 0;\n",
    put: "",
    breaks: "a server that is back loses its history to a new one",
  },
];

import type { Mutant } from "./mutant.ts";

/** Faults in the shell: durability, claims, refused calls, a store that fails, times as they are shown. */
export const gateway: readonly Mutant[] = [
  {
    file: "src/gateway/gateway.ts",
    find: "if (holder !== outcome.server) continue;",
    put: "",
    breaks: "a claim that another gateway has won is granted all the same",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "placements.forEach((placement) => fleet.yieldGroup(this.#model, placement))",
    put: "void placements",
    breaks: "a group stays where a claim that was overruled has put it",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "const after: Plan = { ...before, ...wanted };",
    put: "const after: Plan = { ...before, ...wanted };\n    fleet.plan(this.#model, address, after);",
    breaks: "a plan has an effect before it is durable",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "      call.undone = true;\n",
    put: "",
    breaks: "a call is accepted though the store failed before its answer",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "for (const call of [...this.#inFlight].reverse()) {",
    put: "for (const call of this.#inFlight) {",
    breaks: "refused calls are taken back from the oldest on",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "      undo(this.#now());\n      return false;",
    put: "      return false;",
    breaks: "a call while the store is away leaves something behind",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "      fleet.settleAll(this.#model);\n",
    put: "",
    breaks: "after the store has recovered, known rooms wait for it",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "        this.#retryLater(Math.max(STORE_RETRY, RETRY_SHARE * (this.#now() - start)));\n",
    put: "",
    breaks: "a store that fails twice is given up",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "      this.#retrying = undefined;\n",
    put: "",
    breaks: "a store that has recovered is never written again",
  },
  {
    file: "src/gateway/gateway.ts",
    find: '    if (this.#retrying !== undefined) return;\n    this.#observers.tell("storeFailed"',
    put: '    this.#observers.tell("storeFailed"',
    breaks: "every failure of a store that is away is told, and tried again, anew",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "    if (this.#retrying === undefined) this.store.write(changes);",
    put: "    this.store.write(changes);",
    breaks: "changes are written to a store that lacks those before them",
  },
  {
    file: "src/gateway/gateway.ts",
    find:
      "    if (this.#inFlight.size > 0) await Promise.all(Array.from(this.#inFlight, ({ ended }) => ended));\n",
    put: "",
    breaks: "the task of a call that is refused in the end is handed over",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "before === undefined ? this.#takeIn(input) : before.then(() => this.#takeIn(input))",
    put: "this.#takeIn(input)",
    breaks: "two reports of one server are taken in at once",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "const all = heard.size >= (this.#options.expectedServers ?? Infinity);",
    put: "const all = false;",
    breaks: "rooms wait for servers although all have reported",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "waits && this.#model.servers.size === 0",
    put: "options.waitForReports",
    breaks: "after a restart with a full store, new rooms wait for servers",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "until: this.#now() + settings.disableTimeout,",
    put: "until: this.#now(),",
    breaks: "with an empty store, rooms are placed before their servers have reported",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "if (!all && (now < end || late)) {",
    put: "if (!all && now < end) {",
    breaks: "rooms are placed while a report that may list them comes in",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "      for (let lift; (lift = this.#liftUnderWay(input)) !== undefined;) await lift;\n",
    put: "",
    breaks: "a client is let in by the lift of a ban that is refused in the end",
  },
  {
    file: "src/gateway/gateway.ts",
    find: '      if (call.stored && lost === "waiting") continue;\n',
    put: "",
    breaks: "a call that the store has is taken back because another one failed",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "if (late > LATE || deaf) fleet",
    put: "if (late > LATE) fleet",
    breaks: "servers that could not be heard count as silent",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "deadline: within === undefined ? undefined : this.#now() + within",
    put: "deadline: within",
    breaks: "a deadline for draining does not count from now",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "deadline: deadline === undefined ? undefined : deadline + this.#toUnixTime()",
    put: "deadline",
    breaks: "the deadline for draining is answered in the gateway's own time",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "deadline: server.draining.deadline && server.draining.deadline + toUnixTime,",
    put: "deadline: server.draining.deadline,",
    breaks: "Info shows the deadline for draining in the gateway's own time",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "after: this.#shownPlan(after)",
    put: "after: this.#shownPlan(before)",
    breaks: "a change of plan is answered with what was wanted before",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "at: explanation.at + this.#toUnixTime()",
    put: "at: explanation.at",
    breaks: "an explanation shows the gateway's own time",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "this.#options.syncPlaces === true",
    put: "false",
    breaks: "places that are to survive loss of power do not",
  },
  {
    file: "src/gateway/gateway.ts",
    find:
      '    if (!await this.#durable(changes, undo, true)) return "not-durable";\n    this.#tell(changes);\n    return outcome;',
    put:
      '    if (!await this.#durable(changes, undo, false)) return "not-durable";\n    this.#tell(changes);\n    return outcome;',
    breaks: "a management call that was answered is lost with the power",
  },
];

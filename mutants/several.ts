import type { Mutant } from "./mutant.ts";

/** Several gateways over one store: what each may assume of the others. */
const faults: readonly Mutant[] = [
  {
    file: "src/fleet/state/grant.ts",
    find: "if (grants.size > 0) return passOpening(room);",
    put: "if (grants.size > 0) return;",
    breaks: "a room that is not listed is in nobody's share of the licence once who opened it has given up",
    suite: "fleet",
  },
  {
    file: "src/fleet/rooms/presence.ts",
    find: "  passOpening(room);\n",
    put: "",
    breaks:
      "a room that is listed no more is in nobody's share of the licence while somebody is on the way to it",
    suite: "fleet",
  },
  {
    file: "src/gateway/licence_shares.ts",
    find: "    if (now < held.aloneUntil) return;\n",
    put: "",
    breaks: "a licence is exceeded once the store is back, by what gateways let in meanwhile",
  },
  {
    file: "src/fleet/replication/follow.ts",
    find: "for (const granted of ownGrants(model.grants)) objections.push({ ...granted, again: true });",
    put: "",
    breaks: "a gateway that starts does not count whom others have let in",
  },
  {
    file: "src/fleet/replication/follow_room.ts",
    find: "if (change.again === true && isGranted(known, change.user)) return;",
    put: "",
    breaks: "whoever is on the way is so for longer with each gateway that starts",
  },
  {
    file: "src/fleet/operations/report.ts",
    find: "(room.peers !== before || tellsAll)",
    put: "(room.peers !== before)",
    breaks: "a gateway that has just started shows nobody in the rooms whose servers others hear",
  },
  {
    file: "src/fleet/operations/report.ts",
    find: "(room.peers !== before || tellsAll)",
    put: "(room.group.young !== undefined || tellsAll)",
    breaks: "how many are in an old room only the gateway knows which hears its server",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "return now - until < WAKING ? since : undefined;",
    put: "return undefined;",
    breaks: "an old report is taken in by a gateway that woke and has heard of others since",
  },
  {
    file: "src/gateway/start_wait.ts",
    find: 'if (others > clocks.now()) return waits === "always" ? end : others;',
    put: "",
    breaks: "a gateway that starts beside one which waits for servers does not",
  },
  {
    file: "src/gateway/start_wait.ts",
    find: 'if (change.type === "server-reported") this.heard(change.server);',
    put: "",
    breaks: "a gateway waits for servers that another one has heard",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "...known, ...wanted, part };",
    put: "...known, ...wanted };",
    breaks: "of a weight and a drain at two gateways at once one is lost",
  },
  {
    file: "src/gateway/licence_shares.ts",
    find: 'if (isUnknown && lacks() !== undefined) return "not-durable";',
    put: "if (isUnknown && false) return;",
    breaks: "a client is told of a limit that is not reached, because the store cannot be asked",
  },
  {
    file: "src/fleet/tasks/hand_over.ts",
    find: "if (!each.own && !lives(gatewayOf(each.id)))",
    put: "if (false)",
    breaks: "a message that a gateway was handing over as it died is lost",
  },
  {
    file: "src/fleet/replication/restore.ts",
    find:
      "    for (const handOver of piece.handOvers ?? []) followHandOver(this.#model, handOver, this.#now);\n",
    put: "",
    breaks: "a gateway that starts hands over a message that another one may have delivered",
  },
  {
    file: "src/fleet/replication/reconcile.ts",
    find: "if (its?.isOpen(handOver.id) === false)",
    put: "if (false)",
    breaks: "a gateway that was away hands over a message that another one may have delivered",
  },
  {
    file: "src/fleet/replication/reconcile.ts",
    find: "if (!own && !this.#handOvers.has(id)) {",
    put: "if (false) {",
    breaks: "a message whose answer was lost while a gateway was away waits there for ever",
  },
  {
    file: "src/store/rules.ts",
    find: "open.slice(-OPEN_HAND_OVERS)",
    put: "open",
    breaks: "hand-overs that nobody tells of any more pile up in the store",
    suite: "shared store",
  },
  {
    file: "src/customers/customers.ts",
    find:
      "if (this.loaded && !await this.#leads()) await this.#recall();\n        else await this.#take(list);",
    put: "await this.#take(list);",
    breaks: "an older answer of the customer API takes the place of what another gateway was told since",
    suite: "customers",
  },
  {
    file: "src/customers/customers.ts",
    find: "      await this.memory?.resign(); // another gateway may be luckier\n",
    put: "",
    breaks: "a gateway whose customer API fails keeps the others from asking theirs",
    suite: "customers",
  },
  {
    file: "src/customers/customers.ts",
    find: "Math.max(Math.floor(this.memory?.now ?? 0), this.#newest + 1)",
    put: "Math.floor(this.memory?.now ?? 0)",
    breaks: "a list that was fetched by a clock which is behind gives way to the one before",
    suite: "customers",
  },
  {
    file: "src/customers/customers.ts",
    find: "      else await this.#remember(); // which may have been lost\n",
    put: "",
    breaks: "the gateway that asks for all does not see that the store has lost the list",
    suite: "customers",
  },
  {
    file: "src/gateway/durability.ts",
    find: "      if (reason === undefined) return lost;\n",
    put: "      if (true) return lost;\n",
    breaks: "what no replica has is answered as if it were safe",
    suite: "gateway",
  },
  {
    file: "src/gateway/durability.ts",
    find: 'if (safety === "power") unsafe = ',
    put: "unsafe = ",
    breaks: "a call that needs no replica is refused with one that does",
    suite: "gateway",
  },
  {
    file: "src/customers/customers.ts",
    find: "(leads || !this.loaded)",
    put: "leads",
    breaks: "a gateway without customers waits for another one that may never have any",
    suite: "customers",
  },
  {
    file: "src/gateway/task_delivery.ts",
    find: "    const lives = await this.#whoLives(server);\n" +
      "    if (!await this.#mayHandOver(server, id)) return NO_TASKS;\n",
    put: "    if (!await this.#mayHandOver(server, id)) return NO_TASKS;\n" +
      "    const lives = await this.#whoLives(server);\n",
    breaks: "a message comes twice whose gateway stops while another hears a report",
    suite: "several gateways",
  },
  {
    file: "src/store/memory/shared_log.ts",
    find: "this.#lasts(held, lifetime) && this.lives(held.by)",
    put: "this.#lasts(held, lifetime)",
    breaks:
      "nobody takes over what a gateway did for all that is gone, nor the tasks that it was handing over",
    suite: "shared store",
  },
  {
    file: "src/store/memory/shared_log.ts",
    find: "    held.until = Math.min(held.until, this.now() + lifetime);\n",
    put: "",
    breaks: "what a gateway has for a time lasts longer where the clock was set back",
    suite: "shared store",
  },
  {
    file: "src/store/memory/shared_log.ts",
    find: "    if (heard > this.now()) this.#heard.set(number, this.now()); // the clock was set back\n",
    put: "",
    breaks: "a gateway that is gone lives for as long as the clock was set back",
    suite: "shared store",
  },
  {
    file: "src/store/rules.ts",
    find: "    if (this.#explanations.has(key)) this.#explanations.set(key, undefined);\n",
    put: "",
    breaks: "a group is explained by the placement before the last",
    suite: "shared store",
  },
  {
    file: "src/gateway/replication.ts",
    find: "explanation?.server === server ? explanation : undefined",
    put: "undefined",
    breaks: "where several gateways share the store nobody knows why a room is where it is",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "aside.length === 0 ? grants : [...grants, ...aside]",
    put: "grants",
    breaks: "why a room was placed is not kept for the other gateways",
  },
  {
    file: "src/fleet/rooms/leaving.ts",
    find: "export const LEAVE_FOR: Milliseconds = 3000;",
    put: "export const LEAVE_FOR: Milliseconds = 0;",
    breaks: "a group is released at once although several gateways share it",
  },
  {
    file: "src/store/rules.ts",
    find: "if (held.server !== server || !leaves) return key;",
    put: "if (held.server !== server) return key;",
    breaks: "a group is released although a room of it was opened after its leave was told",
    suite: "shared store",
  },
  {
    file: "src/fleet/replication/predictions.ts",
    find:
      "      if (!this.#isHeld(change)) return true;\n      this.#held.push(change);\n      return false;",
    put: "      return true;",
    breaks: "what others change is not held back while one's own change of it is on its way",
  },
  {
    file: "src/fleet/replication/predictions.ts",
    find: "keysOf(change).some((key) => set.has(key))",
    put: "false",
    breaks: "what was held back is followed although one's own change came later",
  },
  {
    file: "src/gateway/licence_shares.ts",
    find: "    add(held.left, further, -1);\n",
    put: "",
    breaks: "a share of a licence is used more than once",
  },
  {
    file: "src/fleet/replication/follow_room.ts",
    find: "known.listed === change.listed || isHeardAlone(known)",
    put: "known.listed === change.listed",
    breaks: "what a server has told of its rooms while the store is away is undone by older changes",
    suite: "fleet",
  },
  {
    file: "src/fleet/replication/reconcile.ts",
    find: "listed: listed && !server.untold,",
    put: "listed,",
    breaks: "a room counts for a server whose own sums, heard before it was opened, are without it",
  },
  {
    file: "src/fleet/tasks/hand_over.ts",
    find: "    else server.handOvers.notRead(task, id);",
    put: "",
    breaks: "an answer that was not read counts, because its gateway told so too late",
  },
  {
    file: "src/fleet/tasks/hand_over.ts",
    find: '    if (fate === "read") done(server, task, now, changes);\n    else server.',
    put: "    server.",
    breaks: "a task comes again that was read, because its gateway told so too late",
  },
  {
    file: "src/fleet/replication/follow_room.ts",
    find: "  if (room.listed) markUnlistedUnheard(model, room, now); // its server has told so\n" +
      "  objections.push(opened(room));\n",
    put: "  if (room.listed) markUnlistedUnheard(model, room, now); // its server has told so\n",
    breaks: "nobody objects where a room is given up that somebody is on the way to",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "if (!await others.catchUp()) break;",
    put: "if (!await others.catchUp()) return outcome;",
    breaks: "a client is told that there is no server by a gateway that does not hear of servers",
  },
  {
    file: "src/gateway/licence_shares.ts",
    find: "    if (held.alone !== undefined) add(held.alone, further, -1);\n",
    put: "",
    breaks:
      "while the store is away, what a gateway may let in comes back to it, though others may have let it in",
  },
  {
    file: "src/fleet/replication/reconcile.ts",
    find: "if (server.untold && room !== undefined) {",
    put:
      "if (server.untold && room === undefined) continue;\n      if (server.untold && room !== undefined) {",
    breaks: "a gateway that was cut off does not know rooms that others have opened since",
  },
  {
    file: "src/gateway/licence_shares.ts",
    find: "    return held.left;",
    put: "    return leftOf(held.share, this.#own(customer));",
    breaks: "whoever has come leaves their place in the share to others",
  },
  {
    file: "src/gateway/licence_shares.ts",
    find: "isScarce || isIdle ? own : this.#withAhead(customer, licence, own)",
    put: "share",
    breaks: "a share of a licence that is not needed is never given back",
  },
  {
    file: "src/fleet/replication/follow.ts",
    find: "      return followHandOver(model, change, now);",
    put: "      return;",
    breaks: "what another gateway hands over is not known here",
  },
  {
    file: "src/fleet/replication/reconcile.ts",
    find: "known.weight !== weight || ",
    put: "",
    breaks: "the weight that a server was given while the store was away is never learned",
  },
  {
    file: "src/fleet/replication/reconcile.ts",
    find: "return a === b || Math.abs(a - b) < ROUNDING;",
    put: "return true;",
    breaks: "the deadline that a server was given while the store was away is never learned",
  },
  {
    file: "src/gateway/gateway.ts",
    find: "if (fleet.isHeardElsewhere(this.#model, input.address, behind)) {",
    put: "if (false) {",
    breaks: "after a pause, a report is taken in that is older than what others have heard",
  },
  {
    file: "src/fleet/replication/settle.ts",
    find: "for (const { tasks } of model.servers) tasks.place(change.task, order + i);",
    put: "",
    breaks: "tasks of one's own are not in the order of all gateways' tasks",
  },
  {
    file: "src/fleet/replication/follow_room.ts",
    find: "  grant(model, room, change.user, now, false);\n",
    put: "",
    breaks: "whom others have let in is not counted",
  },
];

export const several: readonly Mutant[] = faults.map((fault) => ({ suite: "several gateways", ...fault }));

import type { Mutant } from "./mutant.ts";

/** Faults in the delivery of webhooks: order, bounds, attempts, what is told when. */
export const webhooks: readonly Mutant[] = [
  {
    file: "src/webhooks/backlog.ts",
    find: "    line.busy = true;\n",
    put: "",
    breaks: "what is on its way may be dropped",
  },
  {
    file: "src/webhooks/backlog.ts",
    find: "    if (line.messages.length > 0) this.#ready.add(line);\n",
    put: "",
    breaks: "the second message of an order is never sent",
  },
  {
    file: "src/webhooks/backlog.ts",
    find: "return !busy || messages[0] !== message;",
    put: "return !busy;",
    breaks: "an order that fails keeps all its messages for ever",
  },
  {
    file: "src/webhooks/backlog.ts",
    find: "    this.#length -= message.body.length;\n",
    put: "",
    breaks: "a backlog is full for good once it was",
  },
  {
    file: "src/webhooks/backlog.ts",
    find: "if (message.created >= created) break;",
    put: "if (message.created > created) break;",
    breaks: "a day is a millisecond shorter",
  },
  {
    file: "src/webhooks/receiver.ts",
    find: "this.#failures > 0 ? 1 : AT_A_TIME",
    put: "AT_A_TIME",
    breaks: "a failing receiver gets eight messages at a time",
  },
  {
    file: "src/webhooks/receiver.ts",
    find: "    this.#pauses++;\n",
    put: "",
    breaks: "a failing receiver gets no time to recover",
  },
  {
    file: "src/webhooks/receiver.ts",
    find: "        this.#failures = 0;\n",
    put: "",
    breaks: "a receiver that works again is taken for one that fails",
  },
  {
    file: "src/webhooks/receiver.ts",
    find: "WAIT.first * 2 ** Math.min(30, attempts - 1)",
    put: "WAIT.first",
    breaks: "attempts do not get rarer",
  },
  {
    file: "src/webhooks/receiver.ts",
    find: "before === this.#failures",
    put: "true",
    breaks: "a receiver is left alone the longer the more was on its way when it failed",
  },
  {
    file: "src/webhooks/receiver.ts",
    find: "    if (wanted > 0) this.#pause(wanted);\n",
    put: "",
    breaks: "Retry-After is not heeded",
  },
  {
    file: "src/webhooks/receiver.ts",
    find: "        this.#ended = true;\n",
    put: "",
    breaks: "410 does not end a webhook",
  },
  {
    file: "src/webhooks/receiver.ts",
    find: "    messages.forEach(this.#options.done);\n",
    put: "",
    breaks: "what was dropped is sent after a restart",
  },
  {
    file: "src/webhooks/bounded_connections.ts",
    find: "      heard.left -= chunk.length;\n",
    put: "",
    breaks: "a receiver that answers without end is listened to for ever",
  },
  {
    file: "src/webhooks/bounded_connections.ts",
    find: "this.#heard.set(socket, { left: 0, tooMuch: () => socket.destroy() });",
    put: "return;",
    breaks: "a kept connection may bring what it likes",
  },
  {
    file: "src/webhooks/event.ts",
    find: "const order = subjectOf([namespace, groupName(its)]);",
    put: "const order = subjectOf(room);",
    breaks: "a room's events overtake its group's move",
  },
  {
    file: "src/webhooks/event.ts",
    find: "    ...(user === undefined ? {} : { user }),\n",
    put: "",
    breaks: "nobody is told who was banned",
  },
  {
    file: "src/webhooks/licence_watch.ts",
    find: "known ? again : percent",
    put: "percent",
    breaks: "a customer at its limit is told again and again",
  },
  {
    file: "src/webhooks/certificate_watch.ts",
    find: "    this.#told = reached;\n",
    put: "",
    breaks: "the end of a certificate is told every ten seconds",
  },
  {
    file: "src/store/sqlite/outbox.ts",
    find: "    this.#added.clear();\n",
    put: "",
    breaks: "what was delivered is sent again after a restart",
  },
  {
    file: "src/store/sqlite/outbox.ts",
    find: "      this.#later(RETRY_AFTER);\n",
    put: "",
    breaks: "events are not kept any more after the first failure",
  },
];

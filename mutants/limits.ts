import type { Mutant } from "./mutant.ts";

/** Faults in limits by rate, in what is put off under load, and in whom a proxy is believed to speak for. */
export const limits: readonly Mutant[] = [
  {
    file: "src/edge/http/crowd.ts",
    find: "const isCrowd = strangers.size > RESERVE;",
    put: "const isCrowd = false;",
    breaks: "strangers who ask for health all at once push out operators",
  },
  {
    file: "src/edge/limits/rate.ts",
    find: "this.#tolerance = Math.max(0, BURST - this.#cost);",
    put: "this.#tolerance = BURST;",
    breaks: "one request more than the burst is admitted",
  },
  {
    file: "src/edge/limits/rate.ts",
    find: "Math.max(account.paid, now) + requests * this.#cost",
    put: "account.paid + requests * this.#cost",
    breaks: "what was not used for hours may be used at once",
  },
  {
    file: "src/edge/limits/rate.ts",
    find: " || this.#accounts.size >= this.remembered",
    put: "",
    breaks: "millions of addresses fill the memory",
  },
  {
    file: "src/edge/limits/rate.ts",
    find: "      this.#accountsBefore = this.#accounts;\n",
    put: "",
    breaks: "a crowd makes the rates of all others forgotten at once",
  },
  {
    file: "src/edge/limits/rate.ts",
    find: ", now + this.#memory);",
    put: ", Infinity);",
    breaks: "batches keep a caller out for long",
  },
  {
    file: "src/edge/limits/rates.ts",
    find: "if (refused === undefined) this.#count(payer, 1, now);",
    put: "this.#count(payer, 1, now);",
    breaks: "what is refused counts all the same",
  },
  {
    file: "src/edge/limits/rates.ts",
    find: "return signed ? [keyId, customer] : [ANYBODY, ANYBODY];",
    put: "return [keyId, customer];",
    breaks: "whoever makes up a key uses up a customer's rate",
  },
  {
    file: "src/edge/limits/rates.ts",
    find: "    else this.#underWay.set(network, underWay - 1);\n",
    put: "",
    breaks: "requests at a time never end",
  },
  {
    file: "src/edge/limits/rates.ts",
    find: 'address.startsWith("127.") || address === "::1"',
    put: "false",
    breaks: "a proxy on this machine is limited as one client",
  },
  {
    file: "src/edge/limits/rates.ts",
    find: "    this.#byCustomer?.count(customer, requests, now);\n",
    put: "",
    breaks: "customers are not limited over their keys",
  },
  {
    file: "src/edge/limits/shedding.ts",
    find: "return Math.min(this.#late, this.#lateBefore);",
    put: "return this.#late;",
    breaks: "a pause of the process puts everybody off",
  },
  {
    file: "src/edge/limits/shedding.ts",
    find: "this.late <= MANAGEMENT * this.limit",
    put: "this.late <= this.limit",
    breaks: "management is put off with the first Connect",
  },
  {
    file: "src/edge/limits/shedding.ts",
    find: "SHED.indexOf(shed) > SHED.indexOf(this.#told)",
    put: "shed !== this.#told",
    breaks: "the log is filled while the load comes and goes",
  },
  {
    file: "src/edge/http/client_address.ts",
    find: "address === undefined || ++hops > HOPS",
    put: "address === undefined",
    breaks: "a list of a thousand proxies is believed",
  },
  {
    file: "src/edge/http/client_address.ts",
    find: " && byList !== byForwarded) return caller;",
    put: " && false) return caller;",
    breaks: "the header that the proxy passes on is believed",
  },
  {
    file: "src/edge/http/client_address.ts",
    find: " || !this.#trusted.has(caller)) {",
    put: ") {",
    breaks: "strangers are believed",
  },
  {
    file: "src/edge/http/forwarded.ts",
    find: "    if (names.includes(name)) return [undefined];",
    put: "    if (false) return [undefined];",
    breaks: "a parameter that is there twice is believed",
  },
  {
    file: "src/edge/http/network_list.ts",
    find: "-1 << (32 - bits)",
    put: "-1 << (31 - bits)",
    breaks: "a network is half as wide again",
  },
];

import assert from "node:assert/strict";
import type { Address, Change } from "../../fleet/mod.ts";
import { argumentsOf, type Command, commandOf } from "./commands.ts";
import { LIBRARY, LIBRARY_TEXT } from "./library.ts";
import { RedisClock } from "./redis_clock.ts";
import { NO_REDIS, RedisServer } from "./testing.ts";

/** Calls functions as a gateway would, each with what it is. */
class Caller {
  readonly #server: RedisServer;
  number = "";
  #requests = 0;

  constructor(server: RedisServer, readonly incarnation: string) {
    this.#server = server;
  }

  static async join(server: RedisServer, incarnation: string): Promise<Caller> {
    const caller = new Caller(server, incarnation);
    const [number] = await caller.hello();
    caller.number = number;
    return caller;
  }

  hello(
    former = "",
    number = this.number,
    ...settings: string[]
  ): Promise<[string, string, string, unknown]> {
    return this.#run("hello", this.incarnation, former, number, "1.0.0", "an-epoch", ...settings);
  }

  member<Reply>(name: string, ...args: string[]): Promise<Reply> {
    return this.#run(name, this.number, this.incarnation, ...args);
  }

  /** @returns the place of the first change */
  async commit(...changes: readonly Change[]): Promise<number> {
    const commands = changes.map((change) => commandOf(change, new RedisClock(), 0, 1));
    const request = `${this.incarnation}.${++this.#requests}`;
    const [first] = await this.member<string[]>("commit", request, ...argumentsOf([commands]));
    return Number(first);
  }

  /** The end of the log: epoch, id, place, request. */
  tail(): Promise<[string, string, string, string]> {
    return this.#run("tail");
  }

  missing(...entries: readonly string[]): Promise<number> {
    return this.#run("missing", ...entries);
  }

  resume(...position: readonly string[]): Promise<string> {
    return this.#run("resume", ...position);
  }

  gateways(): Promise<[string, string[][]]> {
    return this.#run("gateways");
  }

  #run<Reply>(name: string, ...args: readonly string[]): Promise<Reply> {
    return this.#server.ask("FCALL", `${LIBRARY}_${name}`, "1", "{odin}:", ...args);
  }
}

function test(name: string, run: (server: RedisServer) => Promise<void>): void {
  Deno.test({
    name: `in Redis, ${name}`,
    ignore: NO_REDIS,
    async fn() {
      await using server = await RedisServer.start();
      await server.ask("FUNCTION", "LOAD", LIBRARY_TEXT);
      await run(server);
    },
  });
}

const placed = (group: string): Change => ({
  type: "group-placed",
  namespace: "ns",
  group,
  server: "a:1" as Address,
});

type Position = readonly [epoch: string, id: string, last: string, request: string];

const POSITIONS: readonly (readonly [
  what: string,
  verdict: string,
  /** What happens after the position was noted. */
  happens: (server: RedisServer, caller: Caller) => Promise<unknown>,
  /** Makes another position of it. */
  moved?: (position: Position) => Position,
])[] = [
  ["nothing has happened", "ok", () => Promise.resolve()],
  ["something was committed", "ok", (_, caller) => caller.commit(placed("b"))],
  ["all that came before it was trimmed", "ok", async (server, caller) => {
    await caller.commit(placed("b"));
    await server.ask("XTRIM", "{odin}:log", "MAXLEN", "1");
  }],
  [
    "the whole log was trimmed, and nothing has happened",
    "ok",
    (server) => server.ask("XTRIM", "{odin}:log", "MAXLEN", "0"),
  ],
  ["what came after it was trimmed", "told", async (server, caller) => {
    await caller.commit(placed("b"));
    await caller.commit(placed("c"));
    await server.ask("XTRIM", "{odin}:log", "MAXLEN", "1");
  }],
  ["everything that came was trimmed", "told", async (server, caller) => {
    await caller.commit(placed("b"));
    await server.ask("XTRIM", "{odin}:log", "MAXLEN", "0");
  }],
  ["the store was emptied", "stored", (server) => server.ask("FLUSHALL")],
  ["the store is another", "stored", (server) => server.ask("HSET", "{odin}:meta", "epoch", "another")],
  ["the place was lost", "stored", (server) => server.ask("INCRBY", "{odin}:n", "-1")],
  ["another entry has the place", "stored", async (server, caller) => {
    const [, id] = await caller.tail();
    await server.ask("XDEL", "{odin}:log", id);
    await server.ask("INCRBY", "{odin}:n", "-1");
    await caller.commit(placed("other"));
  }],
  [
    "another request has the entry",
    "stored",
    () => Promise.resolve(),
    ([epoch, id, last]) => [epoch, id, last, "another"],
  ],
  [
    "the entry has another place",
    "stored",
    (_, caller) => caller.commit(placed("b")),
    ([epoch, id, last, request]) => [
      epoch,
      id,
      String(Number(last) + 1),
      request,
    ],
  ],
];

for (const [what, verdict, happens, moved] of POSITIONS) {
  test(`where ${what} after a position, it is ${verdict}`, async (server) => {
    const caller = await Caller.join(server, "one");
    await caller.commit(placed("a"));
    const position = await caller.tail();
    await happens(server, caller);
    assert.equal(await caller.resume(...(moved?.(position) ?? position)), verdict);
  });
}

test("the position of an empty log can be gone on from", async (server) => {
  const caller = await Caller.join(server, "one");
  const position = await caller.tail();
  assert.equal(position[1], "0-0");
  assert.equal(await caller.resume(...position), "ok");
  await caller.commit(placed("a"));
  assert.equal(await caller.resume(...position), "ok");
});

test("places have no gap, and a call without changes has one as well", async (server) => {
  const caller = await Caller.join(server, "one");
  const first = await caller.commit(placed("a"), placed("b"));
  assert.equal(await caller.commit(), first + 2);
  assert.equal(await caller.commit(placed("c")), first + 3);
  const log = await server.ask<[string, string[]][]>("XRANGE", "{odin}:log", "-", "+");
  assert.deepEqual(log.map(([, [, n, , k]]) => [Number(n) - first, k]), [[0, "2"], [2, "1"], [3, "1"]]);
});

test("the log reaches two minutes back", async (server) => {
  const caller = await Caller.join(server, "one");
  for (let i = 0; i < 500; i++) await server.ask("XADD", "{odin}:log", `${1000 + i}-0`, "n", "1");
  await caller.commit(placed("a"));
  assert.ok(await server.ask<number>("XLEN", "{odin}:log") < 150); // Redis trims whole nodes
});

test("only a gateway that lives may do anything", async (server) => {
  const caller = await Caller.join(server, "one");
  await server.ask("DEL", `{odin}:gw:${caller.number}`);
  const share = ["acme", "1", "1", "", "", "0", "0", "0", "1000"];
  for (
    const call of [
      () => caller.commit(placed("a")),
      () => caller.member("beat", "1.0.0", "0"),
      () => caller.member("claim", '"a:1"', "1", "1000"),
      () => caller.member("share", ...share),
      () => caller.member("bye"),
    ]
  ) await assert.rejects(call, /^Error: FENCED/);
  assert.equal(
    await server.ask("EXISTS", "{odin}:log", "{odin}:groups", "{odin}:lic:acme", '{odin}:hand:"a:1"'),
    0,
  );
});

test("a gateway lives for two seconds after a beat, and is forgotten then", async (server) => {
  const [one, other] = [await Caller.join(server, "one"), await Caller.join(server, "other")];
  await one.member("beat", "1.0.0", "17");
  assert.ok(await server.ask<number>("PTTL", `{odin}:gw:${one.number}`) > 1900);
  await server.ask("PEXPIRE", `{odin}:gw:${other.number}`, "1");
  await new Promise((resolve) => setTimeout(resolve, 10));
  const [, members] = await one.gateways();
  assert.deepEqual(members.map((member) => member.slice(0, 3)), [[one.number, "1.0.0", "17"]]);
  assert.equal(await server.ask("HLEN", "{odin}:members"), 2, "it is missed");
  await server.ask("HSET", "{odin}:members", other.number, `1.0.0\n17\nbeat\n${Date.now() - 31_000}`);
  await one.gateways();
  assert.equal(await server.ask("HLEN", "{odin}:members"), 1);
});

test("who joins is told how many have not been heard of late, also if they may still live", async (server) => {
  const missing = async (incarnation: string) => {
    const caller = await Caller.join(server, incarnation);
    const [, , , count] = await caller.hello("", "");
    await caller.member("bye");
    return count;
  };
  const one = await Caller.join(server, "one");
  assert.equal(await missing("two"), "0");
  const beat = (ago: number) =>
    server.ask("HSET", "{odin}:members", one.number, `1.0.0\n17\nbeat\n${Date.now() - ago}`);
  await server.ask("HSET", "{odin}:members", one.number, "0.9.0\n17");
  assert.equal(await missing("earlier"), "0", "an earlier version does not say when");
  await beat(1500);
  assert.equal(await missing("three"), "1");
  await server.ask("DEL", `{odin}:gw:${one.number}`);
  assert.equal(await missing("four"), "1");
  await beat(31_000);
  assert.equal(await missing("five"), "0");
});

test("a gateway that comes again keeps its number, unless another has it", async (server) => {
  const caller = await Caller.join(server, "one");
  assert.equal((await caller.hello("one"))[0], caller.number);
  await server.ask("SET", `{odin}:gw:${caller.number}`, "another");
  assert.notEqual((await caller.hello("one"))[0], caller.number);
});

test("numbers of gateways go round, past those that live", async (server) => {
  await server.ask("SET", "{odin}:numbers", String(131_069));
  const numbers: string[] = [];
  for (const incarnation of ["one", "two"]) numbers.push((await Caller.join(server, incarnation)).number);
  await server.ask("SET", "{odin}:gw:2", "lives");
  for (const incarnation of ["three", "four"]) numbers.push((await Caller.join(server, incarnation)).number);
  assert.deepEqual(numbers, ["131071", "1", "3", "4"]);
});

test("a share waits until the caller has been told of what was given back, or has ended by itself", async (server) => {
  const [one, other] = [await Caller.join(server, "one"), await Caller.join(server, "other")];
  const share = (caller: Caller, wanted: number, place: number, lifetime = 10_000) =>
    caller.member<string[]>(
      "share",
      "acme",
      String(wanted),
      "0",
      "10",
      "",
      "0",
      "0",
      String(place),
      String(lifetime),
    );
  const place = await one.commit(placed("a"));
  assert.deepEqual(await share(one, 10, place), ["10", "0"]);
  assert.deepEqual(await share(other, 10, 0), ["0", "0"]);
  const later = await one.commit(placed("b"));
  assert.deepEqual(await share(one, 4, later), ["4", "0"]);
  assert.deepEqual(await share(other, 10, place), [String(later)]);
  assert.deepEqual(await share(other, 10, later), ["6", "0"]);
  assert.deepEqual(await share(one, 4, later, 1), ["4", "0"]);
  await new Promise((resolve) => setTimeout(resolve, 10));
  const last = await one.commit(placed("c"));
  assert.deepEqual(await share(other, 10, later), [String(last)]);
  assert.deepEqual(await share(other, 10, last), ["10", "0"]);
});

test("who hands tasks over has the right to for as long as was said", async (server) => {
  const [one, other] = [await Caller.join(server, "one"), await Caller.join(server, "other")];
  const claim = (caller: Caller, id: string) => caller.member("claim", '"a:1"', id, "30");
  assert.deepEqual([await claim(one, "1"), await claim(one, "2"), await claim(other, "1")], [1, 1, 0]);
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(await claim(other, "1"), 1);
});

/** As a clock that is set back leaves it: Redis keeps keys until a time, which is so much farther off then. */
async function setBack(server: RedisServer, key: string): Promise<void> {
  const left = await server.ask<number>("PTTL", key);
  assert.ok(left > 0, `${key} ends by itself`);
  await server.ask("PEXPIRE", key, String(left + 600_000));
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test("nobody waits for a hand-over by a gateway that does not live", async (server) => {
  const [one, other, third] = [
    await Caller.join(server, "one"),
    await Caller.join(server, "other"),
    await Caller.join(server, "third"),
  ];
  const claim = (caller: Caller) => caller.member("claim", '"a:1"', "1", "60000");
  assert.deepEqual([await claim(one), await claim(other)], [1, 0]);
  await server.ask("DEL", `{odin}:gw:${one.number}`);
  assert.deepEqual([await claim(other), await claim(third)], [1, 0]);
});

/** What a gateway has for 300 ms. */
const HELD: readonly (readonly [what: string, key: string, take: (caller: Caller) => Promise<boolean>])[] = [
  [
    "the right to hand tasks over",
    'hand:"a:1"',
    async (caller) => await caller.member("claim", '"a:1"', "1", "300") === 1,
  ],
  [
    "the lead in something",
    "lead:fetching",
    async (caller) => await caller.member("lead", "fetching", "300", "") === 1,
  ],
];

for (const [what, key, take] of HELD) {
  test(`${what} lasts no longer where the clock is set back`, async (server) => {
    const [one, other] = [await Caller.join(server, "one"), await Caller.join(server, "other")];
    assert.equal(await take(one), true);
    await setBack(server, `{odin}:${key}`);
    assert.equal(await take(other), false);
    await wait(320);
    assert.equal(await take(other), true);
  });
}

test("a share of a licence lasts no longer where the clock is set back", async (server) => {
  const [one, other] = [await Caller.join(server, "one"), await Caller.join(server, "other")];
  const share = (caller: Caller, place: string) =>
    caller.member<string[]>("share", ...["acme", "10", "0", "10", "", "0", "0", place, "300"]);
  assert.deepEqual(await share(one, "0"), ["10", "0"]);
  const held = await server.ask<string>("HGET", "{odin}:lic:acme", one.number);
  const [peers, rooms, until] = held.split("\n");
  await server.ask(
    "HSET",
    "{odin}:lic:acme",
    one.number,
    [peers, rooms, Number(until) + 600_000].join("\n"),
  );
  assert.deepEqual(await share(other, "0"), ["0", "0"]);
  await wait(320);
  const [, , place] = await other.tail();
  assert.deepEqual(await share(other, place), ["10", "0"]);
});

test("a gateway lives no longer after its last beat where the clock is set back", async (server) => {
  const [one, other, third] = [
    await Caller.join(server, "one"),
    await Caller.join(server, "other"),
    await Caller.join(server, "third"),
  ];
  const lease = (caller: Caller) => `{odin}:gw:${caller.number}`;
  const left = () => Promise.all([one, other, third].map((each) => server.ask<number>("PTTL", lease(each))));
  for (const caller of [one, other, third]) await setBack(server, lease(caller));
  assert.ok((await left()).every((milliseconds) => milliseconds > 600_000));
  await one.member("beat", "1.0.0", "0");
  assert.ok((await left()).every((milliseconds) => milliseconds <= 2000), "of all, by who beats first");
  // Who has joined again since says nothing of the others' leases: theirs are seen where it matters.
  await setBack(server, lease(other));
  await other.member("claim", '"a:1"', "1", "60000");
  await setBack(server, lease(other));
  assert.equal(await one.member("claim", '"a:1"', "1", "60000"), 0);
  assert.ok((await left()).every((milliseconds) => milliseconds <= 2000));
});

test("where the clock is set back, the log does not grow until it has caught up", async (server) => {
  const caller = await Caller.join(server, "one");
  const fill = "for i = 1, 101000 do redis.call('XADD', KEYS[1], ARGV[1] .. '-' .. i, 'n', '1') end";
  await server.ask("EVAL", fill, "1", "{odin}:log", String(Date.now() + 600_000));
  await caller.commit(placed("a"));
  const length = await server.ask<number>("XLEN", "{odin}:log");
  assert.ok(length >= 100_000 && length < 100_200, String(length)); // Redis trims whole nodes
});

test("bans whose end nobody has told of are forgotten an hour later, by Redis's time", async (server) => {
  const caller = await Caller.join(server, "one");
  const ban = (room: string, ago: number) => ({ room: ["ns", room] as const, until: Date.now() - ago });
  const bans = [ban("old", 3_700_000), ban("new", 3_500_000), ban("set anew", -60_000)];
  await caller.commit(...bans.map((ban): Change => ({ type: "banned", ban })));
  await server.ask(
    "FCALL",
    `${LIBRARY}_forget`,
    "1",
    "{odin}:",
    ...await server.ask<string[]>("HKEYS", "{odin}:bans"),
  );
  assert.deepEqual((await server.ask<string[]>("HKEYS", "{odin}:bans")).sort(), [
    '["ns","new",""]',
    '["ns","set anew",""]',
  ]);
});

test("what was lost is made again once, by whichever gateway knows the last of it", async (server) => {
  const [one, other] = [await Caller.join(server, "one"), await Caller.join(server, "other")];
  const again = (caller: Caller, ...lost: readonly string[]) =>
    caller.member<number[]>("again", "50", ...lost);
  assert.deepEqual(await again(one, "ban a", "7"), [1]);
  assert.deepEqual(await again(other, "ban a", "7", "ban b", "3"), [0, 1]);
  assert.deepEqual(await again(one, "ban b", "2", "ban a", "9"), [0, 1]);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.deepEqual(await again(other, "ban a", "7"), [1]);
});

test("what a log has lost is told from what it has, whatever was put in since", async (server) => {
  const caller = await Caller.join(server, "one");
  const entries: string[] = [];
  for (const group of ["a", "b", "c"]) {
    await caller.commit(placed(group));
    const [, id, , request] = await caller.tail();
    entries.unshift(id, request);
  }
  assert.equal(await caller.missing(...entries), 0);
  await server.ask("XDEL", "{odin}:log", entries[0]!, entries[2]!);
  await caller.commit(placed("d"), placed("e"), placed("f"));
  assert.equal(await caller.missing(...entries), 2);
  await server.ask("DEL", "{odin}:log");
  assert.equal(await caller.missing(...entries), 3);
});

test("a ban or a task that has ended lately is not put in again", async (server) => {
  const caller = await Caller.join(server, "one");
  const ban = { room: ["ns", "r"], until: 60_000 } as const;
  await caller.commit({ type: "banned", ban }, { type: "ban-ended", ban, lifted: true }, {
    type: "task-ended",
    sequence: 7,
  });
  const offers: Command[] = [
    { told: "[]", rule: "offer-ban", texts: ['["ns","r",""]', "60000", "[]"] },
    { told: "", rule: "offer-task", texts: ["7", '"a:1"', "[]", ""] },
    { told: "", rule: "offer-task", texts: ["8", '"a:1"', "[]", ""] },
  ];
  await caller.member("commit", "offer", ...argumentsOf([offers]));
  assert.deepEqual(await server.ask("EXISTS", "{odin}:bans"), 0);
  assert.deepEqual(await server.ask("HKEYS", "{odin}:tasks"), ["8"]);
  await caller.commit({ type: "banned", ban });
  assert.deepEqual(await server.ask("HKEYS", "{odin}:bans"), ['["ns","r",""]']);
});

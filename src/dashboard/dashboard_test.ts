import assert from "node:assert/strict";
import type { Address, Ban } from "../fleet/mod.ts";
import { Activity } from "./activity.ts";
import { Live } from "./live.ts";
import type { State } from "./state.ts";
import { Trouble } from "./trouble.ts";

const AT = { address: "203.0.113.7", role: "operator", time: "2026-11-29T21:00:00.000Z" } as const;

function activity(): Activity {
  return new Activity((method) => method.endsWith(".List"), () => 1000);
}

/** What happened, as a reader sees it. */
function sentences(of: Activity): string[] {
  return of.since(0).map(({ parts }) =>
    parts.map((part) => typeof part === "string" ? part : part.name).join("")
  );
}

function ban(user?: string): Ban {
  return { room: ["acme", "lobby"], user, until: 5000, customer: "acme", by: "key" } as Ban;
}

Deno.test("what another gateway of several does is in the activity of this one as well", () => {
  const its = activity();
  its.observer.followed!({ type: "server-disabled", server: "sfu:1" as Address, report: "2.7" });
  assert.deepEqual(sentences(its), ["server sfu:1 is silent: it gets no new rooms"]);
});

Deno.test("activity has what people decide on, and what happens to servers and rooms, as sentences", () => {
  const its = activity();
  its.observer.changed!({ type: "server-disabled", server: "sfu:1" as Address, report: "0.1" });
  its.observer.changed!({ type: "banned", ban: ban("mallory") });
  its.observer.changed!({ type: "ban-ended", ban: ban(), lifted: true });
  its.observer.changed!({
    type: "group-placed",
    namespace: "acme",
    group: "lobby",
    server: "sfu:1" as Address,
  });
  its.audited({ ...AT, by: "ann", method: "server.Drain", params: { address: "sfu:1" }, outcome: "success" });
  its.audited({ ...AT, by: "ann", method: "room.List", params: {}, outcome: "success" });
  its.audited({ ...AT, method: "room.List", params: {}, outcome: "rejected", error: { message: "no" } });
  const reload = { method: "config.Reload", params: {}, outcome: "success" } as const;
  its.audited({ ...AT, ...reload, role: "host", by: "SIGHUP", address: "this machine" });
  assert.deepEqual(sentences(its), [
    "server sfu:1 is silent: it gets no new rooms",
    "user mallory is banned from room lobby",
    "the ban of everybody from room lobby was lifted",
    'user ann at 203.0.113.7 called server.Drain {"address":"sfu:1"}',
    "somebody without a name at 203.0.113.7 called room.List: no",
    "signal SIGHUP at this machine called config.Reload",
  ]);
  assert.deepEqual(its.since(0).map(({ severity }) => severity), [
    "warning",
    "info",
    "info",
    "info",
    "warning",
    "info",
  ]);
});

Deno.test("activity is bounded, and tells what is newer than what somebody has", () => {
  const its = activity();
  const drain = { method: "server.Drain", params: {}, outcome: "success" } as const;
  its.audited({ ...AT, ...drain, by: "ann" });
  for (let i = 0; i < 5000; i++) {
    its.observer.paused!(i * 1000);
    its.audited({ ...AT, ...drain, role: "customer", by: "a key" });
    its.audited({ ...AT, ...drain, method: "sfu.GridConfig" });
    its.observer.changed!({ type: "banned", ban: ban("mallory") });
  }
  assert.ok(its.since(0).length < 1200);
  assert.equal(its.since(0)[0]!.number, 1, "what an operator did stays, whatever customers do");
  assert.equal(its.newest, 20_001);
  assert.deepEqual(its.since(19_999).map(({ number }) => number), [20_000, 20_001]);
  assert.deepEqual(its.since(20_001), []);
  const params = { text: "x".repeat(10_000) };
  its.audited({ ...AT, by: "ann", method: "x", params, outcome: "success" });
  assert.ok(sentences(its).at(-1)!.length < 400);
});

Deno.test("trouble counts by server and sort, is over after ten minutes, and is bounded", () => {
  let now = 0;
  const trouble = new Trouble(() => now);
  const room = ["acme", "lobby"] as const;
  const ignored = (server: string) =>
    trouble.changed({ type: "close-ignored", room: room as never, server: server as Address });
  ignored("sfu:1");
  ignored("sfu:1");
  const [problem, ...others] = trouble.problems();
  assert.match(problem!.what, /server sfu:1 keeps rooms open .* \(2 times, the last within ten minutes\)$/);
  assert.deepEqual([problem!.about, others], [{ server: "sfu:1" }, []]);
  now = 11 * 60_000;
  ignored("sfu:1"); // nobody has looked meanwhile
  assert.match(trouble.problems()[0]!.what, /\(once within ten minutes\)$/);
  now = 22 * 60_000;
  assert.deepEqual(trouble.problems(), []);
  for (let i = 0; i < 1000; i++) ignored(`sfu-${i}:1`);
  assert.equal(trouble.problems().length, 100);
});

/** A state of nothing but customers. */
function stateWith(customers: Readonly<Record<string, number>>): State {
  const rows = Object.entries(customers).map(([id, peers]) =>
    [id, { peers, rooms: 0, maxPeers: null, maxRooms: null }] as const
  );
  return {
    customers: new Map(rows),
    servers: new Map(),
    refusals: new Map(),
    fleet: new Map(),
    problems: new Map(),
  };
}

/** A page that looks, and the events that it was told. */
function viewer(live: Live) {
  const told: { event: string; data: Record<string, Record<string, unknown>> }[] = [];
  const greeting = { user: null, mayChange: true, version: "" };
  const leave = live.stream(greeting, () => [], () => {}).open((text) => {
    for (const [, event, data] of text.matchAll(/event: (\w+)\ndata: (.*)\n/g)) {
      told.push({ event: event!, data: JSON.parse(data!) });
    }
  }, () => {});
  return { told, leave };
}

Deno.test("a page is told all when it comes, then what has changed, and what is gone", () => {
  const live = new Live();
  const first = viewer(live);
  live.tell(stateWith({ a: 1, b: 2, __proto__2: 3 }), []);
  live.tell(stateWith({ a: 1, b: 5 }), []);
  live.tell(stateWith({ a: 1, b: 5 }), []);
  const late = viewer(live);
  assert.deepEqual(first.told.map(({ event }) => event), ["hello", "rows", "rows"]);
  assert.deepEqual(Object.keys(first.told[1]!.data.customers!), ["a", "b", "__proto__2"]);
  assert.deepEqual(Object.keys(first.told[2]!.data.customers!), ["b", "__proto__2"]);
  assert.equal(first.told[2]!.data.customers!.__proto__2, null);
  assert.deepEqual(late.told.map(({ event }) => event), ["hello", "rows"]);
  assert.deepEqual(Object.keys(late.told[1]!.data.customers!), ["a", "b"]);
  for (const { leave } of [first, late]) leave();
  assert.equal(live.isWatched, false);
});

Deno.test("while there is no news, a line now and then shows that the connection is there", () => {
  const live = new Live();
  let lines = 0;
  const greeting = { user: null, mayChange: true, version: "" };
  live.stream(greeting, () => [], () => {}).open(
    (text) => lines += text.startsWith("event: beat\n") ? 1 : 0,
    () => {},
  );
  for (let i = 0; i < 31; i++) live.tell(stateWith({ a: 1 }), []);
  assert.equal(lines, 15);
});

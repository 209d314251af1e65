import assert from "node:assert/strict";
import type { FleetFigures, UnixTime } from "../fleet/mod.ts";
import { Dashboard } from "./dashboard.ts";

const NONE = { peers: 0, rooms: 0 };
const FIGURES: FleetFigures<UnixTime> = {
  servers: [],
  customers: [],
  others: NONE,
  unvouched: NONE,
  rooms: 0,
  unlistedRooms: 0,
  bans: 0,
  taskBytes: 0,
};

Deno.test("nothing is looked at while nobody looks; all customers are when somebody comes, not each second", async () => {
  const asked: number[] = [];
  let problems = 0;
  const dashboard = new Dashboard({
    gateway: { figures: (customers) => (asked.push(customers), Promise.resolve(FIGURES)) },
    problems: () => (problems++, Promise.resolve([])),
    shows: () => false,
    version: "",
  });
  await dashboard.update();
  assert.deepEqual(asked, []);
  const greeting = { user: null, mayChange: false, version: "" };
  const come = () => dashboard.live.stream(greeting, () => [], () => {}).open(() => {}, () => {});
  const leave = come();
  await dashboard.update();
  assert.deepEqual([asked, problems], [[Infinity], 1]);
  for (let i = 0; i < 3; i++) await dashboard.update();
  assert.deepEqual([asked, problems], [[Infinity, 100, 100, 100], 1]);
  leave();
  await dashboard.update();
  assert.equal(asked.length, 4);
  come();
  await dashboard.update();
  assert.deepEqual([asked.length, asked.at(-1), problems], [5, Infinity, 2]);
});

Deno.test("a page that comes is told what happened before once, in its greeting", async () => {
  const dashboard = new Dashboard({
    gateway: { figures: () => Promise.resolve(FIGURES) },
    problems: () => Promise.resolve([]),
    shows: () => false,
    version: "",
  });
  for (let i = 0; i < 3; i++) dashboard.observers[0]!.storeRecovered!();
  await dashboard.update();
  let told = "";
  const greeting = { user: null, mayChange: false, version: "" };
  dashboard.live.stream(greeting, () => dashboard.happenings(), () => {}).open(
    (text) => told += text,
    () => {},
  );
  await dashboard.update();
  assert.equal(told.match(/"number":3,/g)?.length, 1);
  dashboard.observers[0]!.storeRecovered!();
  await dashboard.update();
  assert.match(told, /event: activity\ndata: \[\{"number":4,[^{]*\]\n/);
});

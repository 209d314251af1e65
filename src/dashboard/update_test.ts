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

Deno.test("a customer beyond the first hundred keeps what it uses in its history, whether anybody looks or not", async () => {
  let now = 0;
  let first: string[] = [];
  const customers = () =>
    [...first, "acme"].map((customer) => ({ customer, peers: 5, rooms: 1, maxPeers: 10, maxRooms: 10 }));
  const dashboard = new Dashboard({
    gateway: {
      figures: (named) => Promise.resolve({ ...FIGURES, customers: customers().slice(0, named) }),
    },
    problems: () => Promise.resolve([]),
    shows: () => false,
    version: "",
  }, () => now);
  const step = () => {
    now += 5000;
    return dashboard.update();
  };
  await step();
  first = Array.from({ length: 200 }, (_, i) => `customer-${i}`);
  await step();
  assert.deepEqual(dashboard.history.customer("acme")?.customer.peers.hour.slice(-2), [5, 5]);
});

import assert from "node:assert/strict";
import type { Address, FleetFigures, ServerFigures } from "../../fleet/mod.ts";
import { History } from "./history.ts";
import { Latency } from "./latency.ts";
import { Series } from "./series.ts";
import { Track } from "./track.ts";

const NOTHING = { grants: 0, p50: NaN, p99: NaN, refusals: new Map<string, number>() };

function server(address: string, load: number, state: ServerFigures["state"] = "open"): ServerFigures {
  return {
    address: address as Address,
    pool: "default",
    version: "test",
    state,
    load,
    expectedLoad: load,
    clients: 10,
    rooms: 1,
    grants: 0,
    growth: 0,
    weight: 1,
    tasks: 0,
    lastSeen: 0,
  };
}

function fleet(...servers: ServerFigures[]): FleetFigures {
  const none = { peers: 0, rooms: 0 };
  return {
    servers,
    customers: [],
    others: none,
    unvouched: none,
    rooms: 7,
    unlistedRooms: 0,
    bans: 0,
    taskBytes: 0,
  };
}

/** The last values of a figure of a server. */
function lastOf(history: History, address: string, count: number) {
  return history.server(address)?.server.load.hour.slice(-count);
}

Deno.test("a series keeps its newest values, the oldest first, and says where there is none", () => {
  const series = new Series(3);
  assert.deepEqual(series.last(), [null, null, null]);
  for (const value of [1, 2, NaN, 4]) series.add(value);
  assert.deepEqual(series.last(), [2, null, 4]);
  assert.deepEqual(series.last(1), [4]);
  assert.deepEqual(series.last(9), [2, null, 4]);
});

Deno.test("a day's values are the means of twelve of an hour's, gaps left out", () => {
  const track = new Track();
  for (let i = 0; i < 12; i++) track.add(i < 6 ? 10 : NaN);
  for (let i = 0; i < 12; i++) track.add(i);
  for (let i = 0; i < 12; i++) track.add(NaN);
  assert.deepEqual(track.course().day.slice(-4), [null, 10, 5.5, null]);
  assert.deepEqual(track.minutes().slice(-4), [null, 10, 5.5, null]);
});

Deno.test("an hour is 720 values and a day 1,440, whatever is added", () => {
  const track = new Track();
  for (let i = 0; i < 20_000; i++) track.add(i);
  const { hour, day } = track.course();
  assert.deepEqual([hour.length, day.length, track.minutes().length], [720, 1440, 60]);
  assert.equal(hour.at(-1), 20_000, "four digits are kept");
});

Deno.test("percentiles are off by less than an eighth, and begin anew when they are told to", () => {
  const latency = new Latency();
  for (let i = 1; i <= 1000; i++) latency.add(i / 100);
  const [p50, p99] = [latency.percentile(0.5), latency.percentile(0.99)];
  assert.ok(p50 >= 5 && p50 < 5 * 1.125, String(p50));
  assert.ok(p99 >= 9.9 && p99 < 9.9 * 1.125, String(p99));
  latency.clear();
  assert.equal(latency.percentile(0.5), NaN);
  for (const odd of [0, 1e9]) latency.add(odd);
  for (const fraction of [0.5, 1]) assert.ok(latency.percentile(fraction) > 0);
});

Deno.test("a silent server has gaps, and one that is gone keeps its history for a day", () => {
  const history = new History();
  history.add(fleet(server("a:1", 0.5), server("b:1", 0.25)), NOTHING);
  history.add(fleet(server("a:1", 0.5), server("b:1", 0.25, "silent")), NOTHING);
  assert.deepEqual(lastOf(history, "b:1", 3), [null, 0.25, null]);
  history.add(fleet(server("a:1", 0.75)), NOTHING);
  assert.deepEqual(lastOf(history, "b:1", 4), [null, 0.25, null, null]);
  assert.deepEqual(Object.keys(history.minutes()), ["a:1"], "only who is there is in the picture of all");
  assert.deepEqual(lastOf(history, "a:1", 3), [0.5, 0.5, 0.75]);
  assert.deepEqual(history.fleet().fleet.load.hour.slice(-3), [0.375, 0.5, 0.75]);
});

Deno.test("a customer whose last room has ended keeps its history; after a day without any it is forgotten", () => {
  const history = new History();
  const customer = { customer: "acme", peers: 5, rooms: 1, maxPeers: 10, maxRooms: 10 };
  history.add({ ...fleet(), customers: [customer] }, NOTHING);
  const hour = () => history.customer("acme")?.customer.peers.hour.slice(-3);
  history.add(fleet(), NOTHING);
  assert.deepEqual(hour(), [null, 5, 0]);
  for (let step = 2; step < 24 * 720; step++) history.add(fleet(), NOTHING);
  assert.deepEqual(hour(), [0, 0, 0]);
  history.add(fleet(), NOTHING);
  assert.equal(history.customer("acme"), undefined);
});

Deno.test("whoever has been gone for longest makes room for a new server, and who is back does not", () => {
  const history = new History();
  const names = Array.from({ length: 1000 }, (_, i) => server(`sfu-${i}:1`, 0.5));
  history.add(fleet(...names), NOTHING);
  history.add(fleet(...names.slice(1)), NOTHING);
  history.add(fleet(server("new:1", 0.5), ...names), NOTHING);
  assert.deepEqual(lastOf(history, "sfu-0:1", 3), [0.5, null, 0.5]);
  assert.equal(history.server("new:1"), undefined, "there is no room while all are there");
  history.add(fleet(...names.slice(1)), NOTHING);
  history.add(fleet(...names.slice(2), server("new:1", 0.5)), NOTHING);
  assert.equal(history.server("sfu-0:1"), undefined);
  assert.ok(history.server("sfu-1:1") !== undefined && history.server("new:1") !== undefined);
});

Deno.test("while the process did not run there are gaps, so that what was before keeps its time", () => {
  const history = new History();
  history.add(fleet(server("a:1", 0.5)), { ...NOTHING, refusals: new Map([["banned", 2]]) });
  history.add(fleet(server("a:1", 0.25)), NOTHING, 3);
  assert.deepEqual(lastOf(history, "a:1", 6), [null, 0.5, null, null, null, 0.25]);
  assert.deepEqual(history.fleet().fleet.refusals.hour.slice(-5), [2, null, null, null, 0]);
  history.add(fleet(server("a:1", 0.25)), NOTHING, 1e9); // a laptop that slept for long is soon awake
});

Deno.test("of a large fleet the first thousand servers have a history, and no more", () => {
  const history = new History();
  history.add(fleet(...Array.from({ length: 1200 }, (_, i) => server(`sfu-${i}:1`, 0.5))), NOTHING);
  assert.equal(Object.keys(history.minutes()).length, 1000);
});

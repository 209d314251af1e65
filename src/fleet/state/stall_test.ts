import assert from "node:assert/strict";
import { defaultFleetSettings, type Model, rebalance, type RebalanceSettings } from "../mod.ts";
import { address, hear, place, seededRandom, testModel } from "../testing.ts";

const REBALANCE: RebalanceSettings = { above: 0.9, interval: 15_000, rest: 1_800_000 };

/** A load of a thousandth for each of its clients, who are there for long. */
const rooms = (its: Record<string, number>) =>
  Object.entries(its).map(([name, peers]) => [name, peers, 10_000] as const);

const FULL = { r: 60, rest: 850 };

/** What is told of server `a` while it reports every 5 s, by time in seconds. */
class Watched {
  readonly model: Model = testModel({
    placement: defaultFleetSettings({ placement: { rebalance: REBALANCE } }).placement,
  });
  readonly told: (readonly [at: number, why: string | undefined])[] = [];
  now = 0;

  /** @param a rooms of that server @param b those of the other one */
  pass(seconds: number, a: Record<string, number>, b: Record<string, number>, before?: () => void): void {
    for (const end = this.now + seconds * 1000; this.now < end; this.now += 5000) {
      hear(this.model, "b", rooms(b), this.now);
      hear(this.model, "a", rooms(a), this.now);
      before?.();
      const { moved, told } = rebalance(this.model, address("a"), this.now, seededRandom(1));
      for (const change of told) {
        assert.ok(change.type === "server-stalled");
        assert.equal(change.server, address("a"));
        this.told.push([this.now / 1000, change.why]);
      }
      moved?.undo(this.now); // what it has is what it reports
    }
  }
}

Deno.test("a server that is too full, and of which nothing fits elsewhere, is told of once, and when that ends", () => {
  const watched = new Watched();
  watched.pass(600, FULL, { other: 850 });
  assert.deepEqual(watched.told, [[20, "nothing fits elsewhere"]]);
  watched.pass(60, { rest: 850 }, { other: 850 });
  assert.deepEqual(watched.told.slice(1), [[600, undefined]]);
});

Deno.test("that nothing leaves a full server ends once another one can take a room of it", () => {
  const watched = new Watched();
  watched.pass(60, FULL, { other: 850 });
  watched.pass(5, FULL, {});
  assert.deepEqual(watched.told.slice(1), [[60, undefined]]);
});

Deno.test("a server is told of once in half an hour, however often its load crosses the mark", () => {
  const watched = new Watched();
  for (let i = 0; i < 100; i++) {
    watched.pass(25, FULL, { other: 850 });
    watched.pass(5, { rest: 850 }, { other: 850 });
  }
  assert.deepEqual(watched.told, [
    [20, "nothing fits elsewhere"], // 15 s after a second report has said so
    [25, undefined],
    [1820, "nothing fits elsewhere"],
    [1825, undefined],
  ]);
});

Deno.test("a load that is above the mark for a moment is not told", () => {
  const watched = new Watched();
  for (let i = 0; i < 20; i++) {
    watched.pass(10, FULL, { other: 850 });
    watched.pass(5, { rest: 850 }, { other: 850 });
  }
  assert.deepEqual(watched.told, []);
});

Deno.test("that somebody is on the way to all rooms of a full server is told", () => {
  const watched = new Watched();
  watched.pass(60, FULL, {}, () => {
    for (const room of Object.keys(FULL)) place(watched.model, room, "u", watched.now);
  });
  assert.deepEqual(watched.told, [[20, "nothing may leave"]]);
});

Deno.test("that moves have not helped is told", () => {
  const watched = new Watched();
  hear(watched.model, "b", [["moved", 1, 9999]], 0);
  const last = watched.model.groups.get("acme", "moved")!;
  watched.pass(60, FULL, {}, () => {
    const relief = { full: false, ofClient: 0.001, beside: 0, moved: 0.1, last };
    watched.model.servers.get(address("a"))!.relief = relief;
  });
  assert.deepEqual(watched.told, []);
  watched.pass(60, FULL, {}, () => {
    watched.model.servers.get(address("a"))!.relief = {
      full: false,
      ofClient: 0.001,
      beside: -0.2,
      moved: 0.1,
      last,
    };
  });
  assert.deepEqual(watched.told, [[80, "moves have not helped"]]);
});

Deno.test("a server that waits for another one to be out of a move is not told of", () => {
  const watched = new Watched();
  watched.pass(60, FULL, {}, () => {
    const group = watched.model.groups.get("acme", "rest")!;
    watched.model.servers.get(address("b"))!.rebalanced = { group, at: watched.now };
  });
  assert.deepEqual(watched.told, []);
});

Deno.test("that nothing leaves a full server ends where moves are switched off, and is not told of a server whose load is old", () => {
  const watched = new Watched();
  watched.pass(60, FULL, { other: 850 });
  watched.pass(60, { rest: 800 }, { other: 850 }, () => {
    watched.model.servers.get(address("a"))!.loadKnown = false;
  });
  assert.equal(watched.told.length, 1);
  const { settings } = watched.model;
  watched.model.settings = { ...settings, placement: { ...settings.placement, rebalance: undefined } };
  watched.pass(60, FULL, { other: 850 });
  assert.deepEqual(watched.told.slice(1).map(([, why]) => why), [undefined]);
});

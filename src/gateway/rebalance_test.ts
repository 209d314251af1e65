import assert from "node:assert/strict";
import { type Change, defaultFleetSettings } from "../fleet/mod.ts";
import { address, checkConsistency } from "../fleet/testing.ts";
import { NO_STORE } from "../store/no_store.ts";
import { type Committed, StoreError, type StoreOptions } from "../store/port.ts";
import { Gateway } from "./gateway.ts";
import { Observers } from "./observers.ts";

const REBALANCE = { above: 0.9, interval: 15_000, rest: 1_800_000 };
const ROOMS = { r: 60, rest: 850 };

/** A gateway over a store that answers calls as the test says, and what it was asked to make durable for them. */
async function gatewayWith(
  answer: (changes: readonly Change[], options: StoreOptions) => Promise<Committed>,
) {
  const commits: (readonly Change[])[] = [];
  const gateway = await Gateway.open(defaultFleetSettings({ placement: { rebalance: REBALANCE } }), {
    openStore: (options) =>
      Promise.resolve({
        ...NO_STORE,
        commit: (changes, safety) => {
          if (safety === "soon") return NO_STORE.commit(changes, safety);
          commits.push(changes);
          return answer(changes, options);
        },
      }),
    waitForReports: false,
    now: () => 0,
  });
  await report(gateway, "b");
  assert.deepEqual(await report(gateway, "a", ROOMS), [], "by one report alone nothing moves");
  return { gateway, commits };
}

/** The tasks that a server gets for a report of rooms that have been there for long. */
async function report(gateway: Gateway, server: string, rooms: Readonly<Record<string, number>> = {}) {
  const clients = Object.values(rooms).reduce((sum, peers) => sum + peers, 0);
  const outcome = await gateway.report({
    ...{ address: address(server), pool: "default", version: "1", load: clients / 1000, clients },
    rooms: Object.entries(rooms).map(([name, peers]) => ({
      ...{ id: ["acme", name], customer: "acme", peers, age: { secs: 10_000, nanos: 0 } },
    })),
  }, true);
  assert.ok(outcome.accepted);
  return outcome.tasks;
}

const placeOf = (gateway: Gateway) => gateway.view.room(["acme", "r"]).then((room) => room?.server);

Deno.test("a server is told to close a room that moves once the store has its new place, and by the answer to this report", async () => {
  const stored = Promise.withResolvers<Committed>();
  const { gateway, commits } = await gatewayWith(() => stored.promise);
  let isAnswered = false;
  const answer = report(gateway, "a", ROOMS).finally(() => isAnswered = true);
  while (commits.length === 0) await Promise.resolve();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(isAnswered, false);
  stored.resolve({ instead: [] });
  assert.deepEqual((await answer).map(({ task, id }) => [task, id[1]]), [["RoomClose", "r"]]);
  assert.equal(await placeOf(gateway), address("b"));
});

Deno.test("a room stays whose new place cannot be stored, and nothing else moves while nothing can", async () => {
  const { gateway, commits } = await gatewayWith((_, { failed }) => {
    const error = new StoreError("the disk is full");
    failed(error);
    return Promise.reject(error);
  });
  for (let i = 0; i < 3; i++) assert.deepEqual(await report(gateway, "a", ROOMS), []);
  assert.equal(await placeOf(gateway), address("a"));
  assert.equal(commits.length, 1);
  gateway.inspect(checkConsistency);
  await gateway.stop();
});

Deno.test("where another gateway has moved a room meanwhile, its server is not told by this one to close it", async () => {
  const { gateway } = await gatewayWith((changes) => {
    const claim = changes.find((change) => change.type === "group-placed")!;
    return Promise.resolve({ instead: [{ ...claim, server: address("c") }] });
  });
  await report(gateway, "c", { other: 849 }); // b is the better place
  assert.deepEqual(await report(gateway, "a", ROOMS), []);
  gateway.inspect(({ groups }) => assert.equal(groups.get("acme", "r")?.server.address, address("c")));
});

Deno.test("observers are told of a server that stays too full", async () => {
  const told: Change[] = [];
  const observers = new Observers(() => {});
  observers.add({ changed: (change) => told.push(change) });
  let now = 0;
  const gateway = await Gateway.open(defaultFleetSettings({ placement: { rebalance: REBALANCE } }), {
    openStore: () => Promise.resolve(NO_STORE),
    observers,
    waitForReports: false,
    now: () => now,
  });
  for (; now <= 30_000; now += 5000) {
    await report(gateway, "b", { other: 850 });
    await report(gateway, "a", ROOMS);
  }
  const [only, ...others] = told.filter((change) => change.type === "server-stalled");
  assert.deepEqual([only?.server, only?.why, others], [address("a"), "nothing fits elsewhere", []]);
  await gateway.stop();
});

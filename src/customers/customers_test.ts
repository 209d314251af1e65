import assert from "node:assert/strict";
import { generateAccessKey } from "@4players/odin-tokens";
import { publicKey } from "../../sim/access_key.ts";
import { Customers, type KeptList } from "./customers.ts";

/** Customers of an API whose answer a test changes, with what they told and what they would keep on disk. */
function customersOf(answer: () => unknown) {
  const told: string[] = [];
  const remembered: string[] = [];
  const customers = new Customers(
    {
      customers: undefined,
      customerApi: {
        updateFunction: () => Promise.resolve(answer()) as Promise<never[]>,
        updateInterval: 60,
      },
      sfuPools: undefined,
      unknownCustomers: "forbidden",
    },
    {
      loaded: (count, keys) => told.push(`loaded ${count}, ${keys}`),
      kept: (reason) => told.push(`kept: ${reason}`),
      broken: ({ entry }) => told.push(`broken: ${entry}`),
    },
    {
      now: 1000,
      recall: () => Promise.resolve(undefined),
      remember: ({ list }) => {
        if (list !== remembered.at(-1)) remembered.push(list);
        return Promise.resolve(true);
      },
      leads: () => Promise.resolve(true),
      resign: () => Promise.resolve(),
    },
  );
  return { customers, told, remembered };
}

const key = { publicKey: { ...publicKey(generateAccessKey()), kty: "OKP", crv: "Ed25519" } };
const acme = (maxPeers: unknown, more: object = {}) => ({
  id: "acme",
  maxPeers,
  maxRooms: 5,
  accessKeys: [key],
  ...more,
});
const limitsOf = ({ ring }: Customers) => [...ring.values()].map(({ licence }) => licence.maxPeers);

Deno.test("customers: a list that has not changed is not read again, nor are its faults named again", async () => {
  let list: unknown = [acme(1), "no customer"];
  const { customers, told, remembered } = customersOf(() => structuredClone(list));
  await customers.refresh();
  const { ring } = customers;
  await customers.refresh();
  assert.deepEqual(told, ["broken: customers[1]", "loaded 1, 1"]);
  assert.equal(customers.ring, ring);
  list = [];
  await customers.refresh();
  assert.equal(customers.ring, ring, "an empty list changes nothing");
  list = [acme(7)];
  await customers.refresh();
  assert.deepEqual(limitsOf(customers), [7]);
  assert.equal(remembered.length, 2);
});

Deno.test("customers: a list that the API changes in place is seen to have changed", async () => {
  const list = [acme(1)];
  const { customers } = customersOf(() => list);
  await customers.refresh();
  list[0]!.maxPeers = 2;
  await customers.refresh();
  assert.deepEqual(limitsOf(customers), [2]);
});

Deno.test("customers: entries that cannot be written as JSON load all the same, every time", async () => {
  const itself: { owner?: unknown } = {};
  itself.owner = itself;
  let limit = 1;
  for (const more of [{ owner: itself }, { row: 1n }]) {
    const { customers, remembered } = customersOf(() => [acme(limit, more)]);
    limit = 1;
    await customers.refresh();
    limit = 2;
    await customers.refresh();
    assert.deepEqual(limitsOf(customers), [2]);
    assert.deepEqual(remembered.map((text) => JSON.parse(text)[0].maxPeers), [1, 2]);
  }
});

Deno.test("customers: of an entry only what the gateway knows is kept on disk", async () => {
  const { customers, remembered } = customersOf(() => [acme(Infinity, { apiToken: "s3cret" })]);
  await customers.refresh();
  assert.equal(remembered.length, 1);
  assert.doesNotMatch(remembered[0]!, /s3cret|apiToken/);
});

Deno.test("customers: a long list lets other work pass, and of many faults the first are named", async () => {
  const list = Array.from(
    { length: 20_000 },
    (_, i) =>
      i === 9999 ? acme(1) : i % 2 === 0 ? "no customer" : { ...acme(1), id: `c${i}`, accessKeys: [] },
  );
  const { customers, told } = customersOf(() => list);
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  await customers.refresh();
  clearInterval(counting);
  assert.ok(turns >= 2, `other work had ${turns} turns`);
  assert.deepEqual(told.slice(-2), ["broken: and 9950 more", "loaded 10000, 1"]);
  assert.equal(told.length, 52);
});

Deno.test("customers: a list that comes after the end changes nothing", async () => {
  const { customers, remembered } = customersOf(() => [acme(1)]);
  const refreshing = customers.refresh();
  customers.stop();
  await refreshing;
  assert.deepEqual([customers.loaded, remembered.length], [false, 0]);
});

/** What several gateways share: the list, and which of them asks for it. */
class Shared implements Disposable {
  kept: KeptList | undefined;
  /** Whether it cannot be reached: then each gateway leads. */
  away = false;
  /** Its time, which differs from gateway to gateway by what a test says. */
  now = 1000;
  readonly skew: number[] = [];
  leading: Customers | undefined;
  readonly members: Customers[] = [];
  /** Who asked, in order. */
  readonly asked: number[] = [];

  /** A gateway more. @param answer what the customer API answers it */
  join(answer: () => unknown): Customers {
    const number = this.members.length;
    // deno-lint-ignore no-this-alias -- for the getter
    const shared = this;
    const customers: Customers = new Customers(
      {
        customers: undefined,
        customerApi: {
          updateFunction: async () => {
            this.asked.push(number);
            return await answer() as never[];
          },
          updateInterval: 60,
        },
        sfuPools: undefined,
        unknownCustomers: "forbidden",
      },
      { loaded: () => {}, kept: () => {}, broken: () => {} },
      {
        get now() {
          return shared.now + (shared.skew[number] ?? 0);
        },
        recall: (than) =>
          Promise.resolve(
            !this.away && this.kept !== undefined && this.kept.fetched > than ? this.kept : undefined,
          ),
        remember: (list) => {
          if (this.away) return Promise.resolve(false);
          const kept = this.kept?.fetched ?? -1;
          if (kept >= list.fetched) return Promise.resolve(kept === list.fetched);
          this.kept = list;
          for (const member of this.members) if (member !== customers) void member.take();
          return Promise.resolve(true);
        },
        leads: (_, takes) => {
          if (this.away) return Promise.resolve(true);
          if (takes) this.leading = customers;
          this.leading ??= customers;
          return Promise.resolve(this.leading === customers);
        },
        resign: () => {
          if (this.leading === customers) this.leading = undefined;
          return Promise.resolve();
        },
      },
    );
    this.members.push(customers);
    return customers;
  }

  get limits(): unknown[] {
    return this.members.map(limitsOf);
  }

  [Symbol.dispose](): void {
    for (const member of this.members) member.stop();
  }
}

/** What waits for the others has run. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

Deno.test("customers: one of several gateways asks for all, and what it is told all have", async () => {
  using shared = new Shared();
  let limit = 1;
  const [one, other] = [shared.join(() => [acme(limit)]), shared.join(() => [acme(limit)])];
  await one.start();
  await other.start();
  assert.deepEqual([shared.asked, shared.limits], [[0], [[1], [1]]]);
  limit = 2;
  await one.start();
  await settled();
  assert.deepEqual([shared.asked, shared.limits], [[0, 0], [[2], [2]]]);
});

Deno.test("customers: where the customer API fails for one gateway, another one asks", async () => {
  using shared = new Shared();
  let isDown = false;
  const one = shared.join(() => isDown ? Promise.reject(new Error("down")) : [acme(1)]);
  const other = shared.join(() => [acme(2)]);
  await one.start();
  isDown = true;
  await other.start();
  await one.start();
  await other.start();
  await settled();
  assert.deepEqual([shared.asked, shared.limits], [[0, 0, 1], [[2], [2]]]);
});

Deno.test("customers: a gateway that has no list asks itself, whoever asks for all", async () => {
  using shared = new Shared();
  const late = Promise.withResolvers<unknown>();
  const [one, other] = [shared.join(() => late.promise), shared.join(() => [acme(2)])];
  const starting = one.start();
  await other.start();
  assert.deepEqual(shared.limits, [[2], [2]], "and tells the others");
  late.resolve([acme(3)]);
  await starting;
  await settled();
  assert.deepEqual(shared.limits, [[3], [3]]);
});

Deno.test("customers: a reload asks at whichever gateway, and an earlier answer that comes later means nothing", async () => {
  using shared = new Shared();
  const answers: (unknown)[] = [[acme(1)]];
  const late = Promise.withResolvers<unknown>();
  const [one, other] = [shared.join(() => answers.shift() ?? late.promise), shared.join(() => [acme(2)])];
  await one.start();
  await other.start();
  const asking = one.start();
  await settled();
  await other.start(true);
  await settled();
  assert.deepEqual(shared.limits, [[2], [2]]);
  late.resolve([acme(1)]);
  await asking;
  await settled();
  assert.deepEqual([shared.asked, shared.limits], [[0, 0, 1], [[2], [2]]]);
  assert.match(shared.kept?.list ?? "", /"maxPeers":2/);
});

Deno.test("customers: those of a file are a gateway's own, whatever the others share", async () => {
  using shared = new Shared();
  const [one, other] = [shared.join(() => [acme(1)]), shared.join(() => [acme(1)])];
  await one.start();
  await other.start();
  const { sfuPools, unknownCustomers } = { sfuPools: undefined, unknownCustomers: "forbidden" as const };
  const file = { customers: [acme(7)] as never[], customerApi: undefined, sfuPools, unknownCustomers };
  await (await other.prepare(file))();
  await one.start();
  await other.take();
  assert.deepEqual(shared.limits, [[1], [7]]);
});

Deno.test("customers: what was removed stays so, whatever older list others have, and whatever their clocks say", async () => {
  for (const skew of [0, -3_600_000]) {
    using shared = new Shared();
    let limit = 1;
    const [one, other] = [shared.join(() => [acme(limit)]), shared.join(() => [acme(limit)])];
    await one.start();
    await other.start();
    const older = shared.kept;
    shared.now += 10;
    shared.skew[0] = skew; // its clock is behind that of who fetched before
    limit = 2;
    await one.start();
    await settled();
    assert.deepEqual(shared.limits, [[2], [2]]);
    const newer = shared.kept;
    for (const lost of [older, undefined, { ...older!, fetched: 0 }]) {
      for (const looks of [other, one]) {
        shared.kept = lost;
        await looks.start();
        await settled();
        assert.deepEqual(shared.limits, [[2], [2]]);
        assert.deepEqual(shared.kept, newer, "it is put back");
      }
    }
  }
});

Deno.test("customers: of what gateways fetched while nothing could be kept, the newest list stays", async () => {
  using shared = new Shared();
  let limit = 1;
  const [one, other] = [shared.join(() => [acme(limit)]), shared.join(() => [acme(limit)])];
  await one.start();
  await other.start();
  shared.away = true;
  for (const asks of [one, other, one]) {
    shared.now += 10;
    limit++;
    await asks.start();
  }
  assert.deepEqual(shared.limits, [[4], [3]]);
  shared.away = false;
  await other.take();
  await one.take();
  await settled();
  assert.deepEqual(shared.limits, [[4], [4]]);
});

Deno.test("customers: a gateway that starts while the customer API is down has the list that others put back", async () => {
  using shared = new Shared();
  const one = shared.join(() => [acme(1)]);
  await one.start();
  shared.kept = undefined;
  const late = shared.join(() => Promise.reject(new Error("down")));
  await late.load();
  assert.equal(late.loaded, false);
  await one.take(); // as where the store says that it has lost something
  await settled();
  assert.deepEqual(shared.limits, [[1], [1]]);
});

Deno.test("customers: a list that is kept and cannot be used gives way to the next that comes", async () => {
  for (const list of ["nonsense", "[]"]) {
    using shared = new Shared();
    shared.kept = { list, fetched: 5000 }; // by a clock that was ahead
    const one = shared.join(() => [acme(1)]);
    await one.load();
    await one.start();
    assert.deepEqual(shared.limits, [[1]]);
    assert.match(shared.kept?.list ?? "", /"maxPeers":1/);
  }
});

import assert from "node:assert/strict";
import {
  type Address,
  defaultFleetSettings,
  forecast,
  type Model,
  plan,
  report,
  tick,
} from "../../src/fleet/mod.ts";
import { address, ask, seededRandom, testModel } from "../../src/fleet/testing.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 3600;

/** Seconds from the order for a server to its first report. */
const BOOT = 600;

/** Clients that a server can take. */
const CAPACITY = 1000;

/** Mean size and life (in seconds) of the rooms. */
const ROOM = { size: 7.5, life: 1800 };

interface Room {
  readonly name: string;
  readonly server: Address;
  /** Seconds at which its clients come, the first at once. */
  readonly joins: readonly number[];
  readonly ends: number;
}

/** A cloud that is driven once a minute, as the example of docs/placement.md does it. */
class Cloud {
  readonly servers: Address[] = [];
  readonly did = { started: 0, resumed: 0, drained: 0, stopped: 0 };
  #booting: number[] = [];
  #desired = 0;
  #number = 0;

  constructor(readonly model: Model, servers: number) {
    for (; this.#desired < servers; this.#desired++) this.#add();
  }

  #add(): void {
    this.servers.push(address(`s${this.#number++}`));
  }

  pass(second: number): void {
    for (const at of this.#booting) if (at <= second) this.#add();
    this.#booting = this.#booting.filter((at) => at > second);
  }

  drive(second: number): void {
    const { ahead, servers, alive, draining, drained, drainable } = forecast(this.model, 0.75, "default")[0]!;
    const soon = ahead.filter(({ after }) => after <= 30 * MINUTE);
    const missing = Math.max(1, ...soon.map(({ servers }) => servers)) - servers;
    if (missing > 0) {
      for (const server of draining.slice(0, missing)) {
        plan(this.model, server, { draining: undefined });
        this.did.resumed++;
      }
      const wanted = alive + Math.max(0, missing - draining.length);
      for (; this.#desired < wanted; this.#desired++) {
        this.#booting.push(second + BOOT);
        this.did.started++;
      }
      return;
    }
    for (const server of drained) {
      const place = this.servers.indexOf(server);
      if (place < 0) continue; // it counts as alive for a moment
      this.servers.splice(place, 1);
      this.#desired--;
      this.did.stopped++;
    }
    for (const server of drainable.slice(0, 1)) {
      plan(this.model, server, { draining: { deadline: undefined } });
      this.did.drained++;
    }
  }
}

/**
 * Rooms come and end by chance, and a cloud is driven by what is forecast of them.
 *
 * @param clients how many are there on the mean, at a second
 * @param from second from which on it is driven
 * @param seen called each minute
 */
function run(
  clients: (second: number) => number,
  { seed, servers, from, to }: { seed: number; servers: number; from: number; to: number },
  seen: (second: number, cloud: Cloud) => void = () => {},
): Cloud {
  const random = seededRandom(seed);
  const placement = defaultFleetSettings({ placement: { strategy: "fill" } }).placement;
  const model = testModel({ placement });
  const cloud = new Cloud(model, servers);
  let rooms: Room[] = [];
  let number = 0;
  for (let second = 0; second < to; second++) {
    const now = second * SECOND;
    cloud.pass(second);
    for (const [i, server] of cloud.servers.entries()) {
      if (second % 5 === i % 5) hear(model, server, rooms, second);
    }
    for (let coming = clients(second) / ROOM.size / ROOM.life; coming > 0; coming--) {
      if (random() >= coming) continue;
      const name = `room-${number++}`;
      const outcome = ask(model, name, "u0", now);
      assert.ok(outcome.granted);
      const size = 4 + Math.floor(random() * 8);
      const joins = Array.from({ length: size }, (_, i) => second + (i && Math.floor(random() * 60)));
      const ends = second + 60 - Math.floor(Math.log(1 - random()) * ROOM.life);
      rooms.push({ name, server: outcome.server, joins, ends });
    }
    rooms = rooms.filter(({ ends }) => ends > second);
    for (const { name, joins } of rooms) {
      for (const [i, join] of joins.entries()) if (i > 0 && join === second) ask(model, name, `u${i}`, now);
    }
    if (second % 5 === 0) tick(model, now);
    if (second % 60 !== 0) continue;
    if (second >= from) cloud.drive(second);
    seen(second, cloud);
  }
  return cloud;
}

function hear(model: Model, server: Address, all: readonly Room[], second: number): void {
  const rooms = all.filter((room) => room.server === server).map(({ name, joins }) => ({
    id: ["acme", name] as const,
    customer: "acme",
    peers: joins.filter((join) => join <= second).length,
    age: { secs: second - joins[0]!, nanos: 0 },
  }));
  const clients = rooms.reduce((sum, { peers }) => sum + peers, 0);
  const input = { address: server, pool: "default", version: "1", load: clients / CAPACITY, clients, rooms };
  report(model, input, second * SECOND);
}

Deno.test("a cloud that is driven by the forecast starts, drains and stops nothing at a steady load", () => {
  for (const seed of [1, 2]) {
    const { did } = run(() => 3000, { seed, servers: 5, from: 2 * HOUR, to: 6 * HOUR });
    assert.deepEqual(did, { started: 0, resumed: 0, drained: 0, stopped: 0 }, `seed ${seed}`);
  }
});

Deno.test("it follows a load that falls and rises: empty servers are stopped, and those that are missing come", () => {
  const open: number[] = [];
  const clients = (second: number) => second > 3 * HOUR && second < 7 * HOUR ? 1000 : 3000;
  const when = { seed: 1, servers: 5, from: 2 * HOUR, to: 10 * HOUR };
  const { did } = run(clients, when, (_, { servers }) => open.push(servers.length));
  const at = (hour: number) => open[hour * 60 - 1]!;
  assert.equal(at(3), 5);
  assert.ok(at(7) <= 3, `${at(7)} servers are left of 5 for a third of the clients`);
  assert.ok(at(10) >= 4, `${at(10)} servers for all clients`);
  assert.ok(did.stopped >= 2 && did.stopped <= 4, JSON.stringify(did));
  assert.ok(did.started + did.resumed <= 5, JSON.stringify(did));
});

import type { ConnectInput, Licence, Milliseconds } from "../../src/fleet/mod.ts";
import type { Connects } from "./connects.ts";
import type { Licences } from "./licences.ts";
import type { Plans } from "./plans.ts";
import type { Surroundings } from "./surroundings.ts";

export const UNLIMITED: Licence = { maxPeers: Infinity, maxRooms: Infinity };

/** Where new rooms may be placed; the first takes most. */
export const POOLS = ["eu", "us"] as const;

const GROUPS = 12;

/** Clubs meet now and then; each so often. */
const CLUBS = 40;
const CLUB = { every: 60_000, members: 6, stays: 60_000 };

/** Guests of the customer with a licence come in waves, between which all that counts for it ends. */
const WAVE = { every: 60_000, lasts: 22_000 };

/** Who is kept out for reasons that the world gives. */
const EXPECTED = new Set(["not-durable", "no-server", "peer-limit", "room-limit"]);

/** How a guest behaves once he has his token. */
interface Guest {
  readonly input: ConnectInput;
  readonly group: string;
  /** When he comes, if at all. */
  readonly comes: (until: Milliseconds) => Milliseconds | undefined;
  readonly stays: Milliseconds;
  /** Whose licence is looked at. */
  readonly licences?: Licences;
}

/** Clients that visit rooms: those of a customer without limits, and those of one with a licence. */
export class Guests {
  readonly #world: Surroundings;
  readonly #connects: Connects;
  readonly #plans: Plans;
  readonly #licences: Licences;
  /** How often a group has got another name, because nothing was known of it any more. */
  readonly #generations = new Map<string, number>();
  #users = 0;

  constructor(world: Surroundings, connects: Connects, plans: Plans, licences: Licences) {
    this.#world = world;
    this.#connects = connects;
    this.#plans = plans;
    this.#licences = licences;
  }

  /** @param withClubs whether there are groups that nobody is on the way to for long, so that they may be moved */
  start(withClubs: boolean): void {
    this.#world.repeat(20, () => this.#visit());
    this.#world.repeat(200, () => this.#visitLicensed());
    if (withClubs) this.#world.repeat(CLUB.every / CLUBS, () => this.#meet());
  }

  /** Members of a club come together, some of them late, and stay. */
  #meet(): void {
    const { chance, clock } = this.#world;
    const group = this.#group(`club ${chance.integer(0, CLUBS - 1)}`);
    for (let i = 0; i < CLUB.members; i++) {
      const wait = chance.random() < 0.9 ? chance.uniform(100, 1500) : Infinity;
      this.#come({
        input: this.#input("acme", UNLIMITED, `{${group}} ${i % 2}`),
        group,
        comes: (until) => Math.min(wait, Math.max(0, until - clock.now - 1)),
        stays: chance.exponential(CLUB.stays),
      });
    }
  }

  #visit(): void {
    const { chance } = this.#world;
    const group = this.#group(`group ${chance.integer(0, GROUPS - 1)}`);
    const room = `{${group}} ${chance.integer(0, 2)}`;
    const comes = chance.random() < 0.8;
    const delay = chance.random() ** 3;
    const { clock } = this.#world;
    this.#come({
      input: this.#input("acme", UNLIMITED, room),
      group,
      comes: (until) => comes ? delay * Math.max(0, until - clock.now) : undefined,
      stays: chance.exponential(8000),
    });
  }

  /** They come soon, so that nobody is on the way for longer than that counts; in waves, so that the licence is full at times. */
  #visitLicensed(): void {
    const { chance, clock } = this.#world;
    const room = this.#group(`licensed ${chance.integer(0, 5)}`);
    const wait = chance.uniform(100, 3000);
    const comes = chance.random() < 0.9;
    const stays = chance.exponential(5000);
    if (clock.now % WAVE.every > WAVE.lasts) return;
    const { customer, licence } = this.#licences;
    this.#come({
      input: this.#input(customer, licence, room),
      group: room,
      comes: () => comes ? wait : undefined,
      stays,
      licences: this.#licences,
    });
  }

  #input(customer: string, licence: Licence, room: string): ConnectInput {
    const pool = this.#world.chance.random() < 0.7 ? POOLS[0] : POOLS[1];
    const user = `guest ${this.#users++}`;
    return { customer, licence, namespace: customer, rooms: [room], user, pool };
  }

  #come({ input, group, comes, stays, licences }: Guest): void {
    const { clock, ledger, servers } = this.#world;
    const room = input.rooms[0]!;
    this.#connects.ask(input, (answered) => {
      const { outcome, until, host } = answered;
      if (!outcome.granted) {
        if (!EXPECTED.has(outcome.reason)) {
          ledger.faults.push(`a guest of ${room} is refused: ${outcome.reason}`);
        }
        return;
      }
      const counts = licences?.knowsAll(host) ?? true;
      const server = servers.find(({ address }) => address === outcome.server)!;
      // It may be silent for longer than the gateway waits for it, or is being closed.
      if (!server.isHeard || this.#plans.mayEvict(server.address, clock.now)) ledger.excuse(group);
      ledger.granted(group, outcome.server, until / 1000);
      const wait = comes(until);
      if (wait === undefined) return;
      const { crashes } = server;
      clock.after(wait, () => {
        if (!server.isUp || server.crashes !== crashes) return;
        let discounted = () => {};
        const leave = server.join(room, input.namespace, () => {
          ledger.left(group, server.address);
          discounted();
        });
        if (leave === undefined) return;
        ledger.joined(group, server.address);
        if (licences !== undefined) discounted = licences.joined(room, answered, counts);
        clock.after(stays, leave);
      });
    });
  }

  /** The name of a group: a new one once it may be split, since nothing can be said of the old one any more. */
  #group(name: string): string {
    const generation = this.#generations.get(name) ?? 0;
    const its = `${name}-${generation}`;
    if (!this.#world.ledger.isExcused(its)) return its;
    this.#generations.set(name, generation + 1);
    return `${name}-${generation + 1}`;
  }
}

import type { Milliseconds } from "../../src/fleet/mod.ts";
import type { Licences } from "./licences.ts";
import type { Plans, Wanted } from "./plans.ts";
import type { FaultyServer } from "./server.ts";
import { pick, type Surroundings } from "./surroundings.ts";

/** With so many servers that take nothing new, one is resumed. */
const MOST_CLOSED = 2;

/** After so long nobody is in the own room of a server that is draining any more. */
const HOME_STAYS: Milliseconds = 2000;

/** What an operator asks for: a weight; or draining, with a time until the deadline, or its end. */
type Order =
  | { readonly weight: number }
  | { readonly draining: boolean; readonly within?: Milliseconds };

/** Operators who drain servers, with and without deadlines, resume them and set their weights. */
export class Operators {
  readonly #world: Surroundings;
  readonly #plans: Plans;
  readonly #licences: Licences;
  /** Whether the last call about a server is over: of two at a time nobody knows which comes first. */
  readonly #isOver = new Map<FaultyServer, () => boolean>();

  constructor(world: Surroundings, plans: Plans, licences: Licences) {
    this.#world = world;
    this.#plans = plans;
    this.#licences = licences;
  }

  start(): void {
    this.#world.repeat(2000, () => this.#order());
    this.#world.repeat(1000, () => this.#settle());
  }

  #order(): void {
    const { chance, servers } = this.#world;
    const closed = servers.filter(({ address }) => !this.#plans.isSurelyOpen(address));
    const resumes = closed.length > MOST_CLOSED || (closed.length > 0 && chance.random() < 0.3);
    const server = pick(chance, resumes ? closed : servers);
    const within = chance.uniform(500, 8000);
    const sort = chance.random();
    if (resumes) {
      const draining = this.#plans.mayDrain(server.address);
      return this.#ask(server, draining ? { draining: false } : { weight: 1 });
    }
    if (sort < 0.4) return this.#ask(server, { draining: true });
    if (sort < 0.75) return this.#ask(server, { draining: true, within });
    this.#ask(server, { weight: pick(chance, [0, 0.25, 1]) });
  }

  #ask(server: FaultyServer, order: Order): void {
    if (this.#isOver.get(server)?.() === false) return;
    let told: ((done: boolean) => void) | undefined;
    const isOver = this.#world.call(async (host) => {
      // The deadline counts from when the gateway begins with it.
      told = this.#plans.ask(server.address, wanted(order, this.#world.clock.now));
      this.#licences.discount();
      this.#watchDeadline(server);
      return await host.gateway.plan(server.address, order);
    }, (outcome) => {
      this.#licences.discount();
      told?.(typeof outcome !== "string");
      if (outcome !== "no-server" && "draining" in order && order.draining) this.#leaveHome(server);
    });
    this.#isOver.set(server, isOver);
  }

  /** A server that is draining also loses the room of its own after a while, so that it comes to be empty. */
  #leaveHome(server: FaultyServer): void {
    const { clock, ledger } = this.#world;
    clock.after(HOME_STAYS, () => {
      if (!this.#plans.mayDrain(server.address)) return;
      for (const home of server.homes) {
        ledger.excuse(home);
        server.empty(home);
      }
    });
  }

  /** At the deadline the groups of the server may go elsewhere before their members do. */
  #watchDeadline(server: FaultyServer): void {
    const { clock } = this.#world;
    for (const { deadline = -Infinity } of this.#plans.possible(server.address)) {
      if (deadline > clock.now) clock.after(deadline - clock.now, () => this.excuseOverdue(server));
    }
  }

  /** Groups that leave a server past its deadline may be split until they are closed there. */
  excuseOverdue(server: FaultyServer): void {
    const { clock, ledger } = this.#world;
    if (!this.#plans.mayEvict(server.address, clock.now)) return;
    for (const group of ledger.groupsOn(server.address)) ledger.excuse(group);
    for (const home of server.homes) ledger.excuse(home);
    this.#licences.discount();
  }

  /** A server that has lost its own room gets another one once it may have rooms. */
  #settle(): void {
    for (const server of this.#world.servers) {
      if (server.isUp && !server.hasHome && !this.#plans.mayDrain(server.address)) server.settle();
    }
  }
}

function wanted(order: Order, now: Milliseconds): Partial<Wanted> {
  if ("weight" in order) return order;
  const { draining, within } = order;
  return { draining, deadline: within === undefined ? undefined : now - 1 + within };
}

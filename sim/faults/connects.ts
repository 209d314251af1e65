import type { ConnectInput, ConnectOutcome, Explanation, Milliseconds } from "../../src/fleet/mod.ts";
import { groupName } from "../../src/fleet/mod.ts";
import type { NotDurable } from "../../src/gateway/port.ts";
import type { Host } from "./host.ts";
import type { Surroundings } from "./surroundings.ts";

export type ConnectResult = ConnectOutcome | NotDurable;

/**
 * Looks at Connects from within the process that they reach. It is told of each as it begins, and what it returns is called
 * with its outcome, and with why its group was placed where it is if this very call did that.
 */
export interface ConnectWatch {
  asked(
    input: ConnectInput,
    host: Host,
  ): (outcome: ConnectResult, placed: Explanation | undefined) => void;
}

/** An answer to a Connect as its client has it. */
export interface Answered {
  readonly outcome: ConnectResult;
  readonly madeAt: Milliseconds;
  /** Until when the token may be used. */
  readonly until: Milliseconds;
  /** The life of the gateway that has answered. */
  readonly host: Host;
}

/** Asks gateways for rooms, with somebody who looks at what comes of it. */
export class Connects {
  readonly #world: Surroundings;
  readonly #tokenLifetime: Milliseconds;
  readonly #watches: readonly ConnectWatch[];

  constructor(world: Surroundings, tokenLifetime: Milliseconds, watches: readonly ConnectWatch[]) {
    this.#world = world;
    this.#tokenLifetime = tokenLifetime;
    this.#watches = watches;
  }

  ask(input: ConnectInput, answered: (answered: Answered) => void): void {
    this.#world.call(async (host): Promise<Answered> => {
      const looks = this.#watches.map((watch) => watch.asked(input, host));
      const before = explanationOf(host, input);
      const connecting = host.gateway.connect(input);
      // Decided by now: only what is to be durable takes longer.
      const after = explanationOf(host, input);
      const outcome = await connecting;
      if (host.alive) { for (const look of looks) look(outcome, after === before ? undefined : after); }
      // The token is made when the answer is.
      const madeAt = this.#world.clock.now;
      return { outcome, madeAt, until: madeAt + this.#tokenLifetime, host };
    }, answered);
  }
}

function explanationOf({ gateway }: Host, { namespace, rooms }: ConnectInput): Explanation | undefined {
  return gateway.inspect(({ groups, explanations }) => {
    const group = groups.get(namespace, groupName(rooms[0]!));
    return group && explanations.get(group);
  });
}

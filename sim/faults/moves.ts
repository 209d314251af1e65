import type { Address, ChangeOf, Milliseconds, RebalanceSettings } from "../../src/fleet/mod.ts";
import type { Host } from "./host.ts";
import type { Licences } from "./licences.ts";
import type { Plans } from "./plans.ts";
import type { Surroundings } from "./surroundings.ts";

/** Who has a token for the old server may come there to the end of it; the room is closed again by the reports that follow. */
const HEALS: Milliseconds = 15_000;

/** What was decided so shortly before a gateway died may be done, though nobody was told. */
const UNTOLD: Milliseconds = 2000;

/** Gateways count in whole milliseconds. */
const ROUNDING: Milliseconds = 1;

/** A group that was moved because of load. */
interface Move {
  readonly at: Milliseconds;
  readonly host: Host;
}

/**
 * Holds gateways to what they may do about servers that are too full: no group to a server that gets nothing new, no group
 * twice within its rest, no server in two moves within the interval; and where its clients meet again, they stay together.
 */
export class Moves {
  readonly #world: Surroundings;
  readonly #plans: Plans;
  readonly #licences: Licences;
  readonly #rules: RebalanceSettings | undefined;
  readonly #tokenLifetime: Milliseconds;
  readonly #ofGroups = new Map<string, Move>();
  readonly #ofServers = new Map<Address, Move>();
  #count = 0;

  constructor(
    world: Surroundings,
    plans: Plans,
    licences: Licences,
    rules: RebalanceSettings | undefined,
    tokenLifetime: Milliseconds,
  ) {
    this.#world = world;
    this.#plans = plans;
    this.#licences = licences;
    this.#rules = rules;
    this.#tokenLifetime = tokenLifetime;
  }

  /** How many groups have been moved. */
  get count(): number {
    return this.#count;
  }

  /** A gateway has moved a group because of load. */
  moved({ namespace, group, server, from }: ChangeOf<"group-placed">, host: Host): void {
    const { ledger, clock } = this.#world;
    const move: Move = { at: clock.now - sinceDecided(host, server), host };
    const what = `${group} moves from ${from} to ${server}`;
    if (this.#rules === undefined || from === undefined) return void ledger.faults.push(`${what} unasked`);
    const { rest, interval } = this.#rules;
    const isWithin = (time: Milliseconds, span: Milliseconds) => time < span - ROUNDING;
    const before = this.#ofGroups.get(`${namespace} ${group}`);
    if (before !== undefined && isWithin(move.at - before.at, rest)) {
      ledger.faults.push(`${what}, and has been moved ${move.at - before.at} ms ago`);
    }
    for (const address of [server, from]) {
      const last = this.#ofServers.get(address);
      if (last?.host === host && isWithin(move.at - last.at, interval)) {
        ledger.faults.push(`${what}, and ${address} had part in a move ${move.at - last.at} ms ago`);
      }
      this.#ofServers.set(address, move);
    }
    if (this.#plans.wasSurelyClosed(server, move.at)) {
      ledger.faults.push(`${what}, which is to get nothing new`);
    }
    this.#count++;
    this.#ofGroups.set(`${namespace} ${group}`, move);
    ledger.excuseUntil(group, (clock.now + this.#tokenLifetime + HEALS) / 1000);
    this.#licences.discountGroup(group, from);
  }

  /** A gateway has died: a move that it had just made may be stored, and known to nobody else. */
  died(host: Host): void {
    host.gateway.inspect(({ servers }) => {
      for (const { rebalanced } of servers) {
        if (rebalanced === undefined || host.now - rebalanced.at > UNTOLD) continue;
        this.#world.ledger.excuse(rebalanced.group.name);
      }
    });
  }
}

/** How long ago a gateway has decided to move something to the server; that is told once it is stored. */
function sinceDecided({ gateway, now }: Host, server: Address): Milliseconds {
  return gateway.inspect(({ servers }) => now - (servers.get(server)?.rebalanced?.at ?? now));
}

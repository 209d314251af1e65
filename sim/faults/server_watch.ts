import type { Address, ConnectInput, Explanation, Milliseconds } from "../../src/fleet/mod.ts";
import { groupName } from "../../src/fleet/mod.ts";
import type { ConnectResult, ConnectWatch } from "./connects.ts";
import type { Host } from "./host.ts";
import type { Plans } from "./plans.ts";
import type { Surroundings } from "./surroundings.ts";
import type { ToldReport, ToldReports } from "./told_reports.ts";

/** What the gateway is held to in its choice of servers. */
export interface ServerRules {
  readonly disableTimeout: Milliseconds;
  readonly grantTimeout: Milliseconds;
}

/** Times are kept in whole milliseconds, on two clocks. */
const ROUNDING: Milliseconds = 5;

/** After a pause or a start the gateway looks at deadlines within this time. */
const AWAKE: Milliseconds = 600;

/**
 * Holds the gateway to which servers it may choose: never one that is to be emptied, takes nothing new, or reports in another
 * pool; and one of those that are left, where there is any.
 */
export class ServerWatch implements ConnectWatch {
  readonly #world: Surroundings;
  readonly #plans: Plans;
  readonly #told: ToldReports;
  readonly #rules: ServerRules;
  /** When each life of a gateway last granted a way to a group on a server. */
  readonly #granted = new WeakMap<Host, Map<Address, Map<string, Milliseconds>>>();

  constructor(world: Surroundings, plans: Plans, told: ToldReports, rules: ServerRules) {
    this.#world = world;
    this.#plans = plans;
    this.#told = told;
    this.#rules = rules;
  }

  asked(input: ConnectInput, host: Host): (outcome: ConnectResult, placed: Explanation | undefined) => void {
    const { clock, servers, ledger } = this.#world;
    const { now } = clock;
    const before = new Map(servers.map(({ address }) => [address, this.#plans.possible(address)]));
    const same = (address: Address) => before.get(address) === this.#plans.possible(address);
    const overdue = servers.filter(({ address }) => this.#plans.mustEvict(address, now - AWAKE));
    const certain = this.#available(input, host);
    const toldBefore = new Map(servers.map(({ address }) => [address, this.#told.of(host, address)]));
    const room = input.rooms[0]!;
    const group = groupName(room);
    return (outcome, placed) => {
      if (!outcome.granted) {
        const left = certain.filter(same);
        if (outcome.reason === "no-server" && left.length > 0 && host.awakeFor > AWAKE) {
          ledger.faults.push(`no server for ${room}, though ${left.join(" and ")} may take it`);
        }
        return;
      }
      const { server } = outcome;
      this.#remember(host, server, group, now);
      // Who wakes and cannot ask what others have planned meanwhile closes nothing.
      if (host.settledFor > AWAKE && overdue.some(({ address }) => address === server) && same(server)) {
        ledger.faults.push(`${room} is granted on ${server}, which is past its deadline for draining`);
      }
      if (placed?.server !== server) return;
      if (same(server) && this.#plans.isSurelyClosed(server)) {
        const plan = JSON.stringify(this.#plans.possible(server));
        ledger.faults.push(`${room} is placed on ${server}, which is to get nothing new: ${plan}`);
      }
      const reports = toldBefore.get(server)!;
      const isElsewhere = ({ passedOn, report: { pool } }: ToldReport) => passedOn && pool !== input.pool;
      if (reports.length > 0 && reports.every(isElsewhere)) {
        const its = reports[0]!.report.pool;
        ledger.faults.push(`${room} is placed on ${server} of pool ${its} instead of ${input.pool}`);
      }
    };
  }

  /** A gateway says that a server is empty: nobody may be on the way to it. */
  drained(server: Address, host: Host): void {
    const { clock, ledger } = this.#world;
    if (this.#plans.mayEvict(server, clock.now)) return; // groups leave it at once then
    for (const [group, at] of this.#granted.get(host)?.get(server) ?? []) {
      if (clock.now - at < this.#rules.grantTimeout - AWAKE && !ledger.isExcused(group)) {
        ledger.faults.push(`${server} is said to be empty, and somebody is on the way to ${group} there`);
      }
    }
  }

  /** A gateway gives up the place of a group on a server that is draining: nobody may be on the way to it. */
  gaveUp(group: string, server: Address, host: Host): void {
    const { clock, ledger } = this.#world;
    const at = this.#granted.get(host)?.get(server)?.get(group) ?? -Infinity;
    if (ledger.isExcused(group) || this.#plans.mayEvict(server, clock.now)) return;
    if (clock.now - at < this.#rules.grantTimeout - AWAKE) {
      ledger.faults.push(`${group} gives up its place on ${server}, and somebody is on the way to it`);
    }
  }

  /** A gateway begins to close what is left on a server. */
  evicting(server: Address, host: Host): void {
    if (!host.isInTouch) return; // by the plan that it knew
    if (this.#plans.mayEvict(server, this.#world.clock.now + ROUNDING)) return;
    this.#world.ledger.faults.push(`${server} is closed before its deadline for draining`);
  }

  /** The servers that a new group of this pool may certainly be placed on now. */
  #available({ pool }: ConnectInput, host: Host): Address[] {
    const { clock, servers } = this.#world;
    return servers.filter(({ address, isUp }) => {
      const reports = this.#told.of(host, address);
      const [newest] = reports;
      return isUp && newest !== undefined && this.#plans.isSurelyOpen(address) && reports.length > 1 &&
        reports.every(({ passedOn, report }) => passedOn && report.pool === pool) &&
        clock.now - newest.at < this.#rules.disableTimeout - AWAKE;
    }).map(({ address }) => address);
  }

  #remember(host: Host, server: Address, group: string, at: Milliseconds): void {
    let servers = this.#granted.get(host);
    if (servers === undefined) this.#granted.set(host, servers = new Map());
    const groups = servers.get(server);
    if (groups === undefined) servers.set(server, new Map([[group, at]]));
    else groups.set(group, at);
  }
}

import type { Address, Milliseconds, Report } from "../../src/fleet/mod.ts";
import type { Host } from "./host.ts";

/** A report that a gateway has taken in, and when. */
export interface ToldReport {
  readonly at: Milliseconds;
  readonly report: Report;
  /** Whether the gateway could pass it on: one that is cut off and dies takes it along. */
  readonly passedOn: boolean;
}

/** Reports of a server that are remembered: the newest the other gateways may not have been told of. */
const REMEMBERED = 2;

/**
 * What each life of a gateway was told by servers, and has not put aside as older than what another one has heard. Where several
 * gateways share a store, what one of them was told counts as told to all, if it could be passed on.
 */
export class ToldReports {
  readonly #byHost = new WeakMap<Host, Map<Address, ToldReport[]>>();
  readonly #ofAll = new Map<Address, ToldReport[]>();

  constructor(readonly shared: boolean) {}

  tell(host: Host, report: Report, at: Milliseconds): void {
    const reports = this.#of(host);
    const told = { at, report, passedOn: host.isInTouch };
    reports.set(report.address, [told, ...reports.get(report.address) ?? []].slice(0, REMEMBERED));
  }

  /** The last reports of a server, the newest first; none where this life has not heard it. */
  of(host: Host, server: Address): readonly ToldReport[] {
    return this.#of(host).get(server) ?? [];
  }

  /** Whether some server has told of the room in its last reports. */
  has(host: Host, room: string): boolean {
    return [...this.#of(host).values()].flat().some(({ report }) =>
      report.rooms.some(({ id }) => id[1] === room)
    );
  }

  #of(host: Host): Map<Address, ToldReport[]> {
    if (this.shared) return this.#ofAll;
    let reports = this.#byHost.get(host);
    if (reports === undefined) this.#byHost.set(host, reports = new Map());
    return reports;
  }
}

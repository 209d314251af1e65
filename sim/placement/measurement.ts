import type { Milliseconds } from "../../src/fleet/mod.ts";
import type { Host } from "./host.ts";

/** Load above which a server's clients suffer. */
const OVERLOAD = 0.85;

/** What a run came to. */
export interface Figures {
  /** Share of client time on servers above 85 % load, 0 to 1. */
  readonly overloaded: number;
  /** Load above 85 % of the servers ÷ all load, 0 to 1: how much would have to be elsewhere. */
  readonly excess: number;
  /** Highest load of a server ÷ load of the fleet, as a mean over time. */
  readonly peakToMean: number;
  /** Load of the fleet, as a mean over time. */
  readonly meanLoad: number;
  /** Rooms that lost their server while clients were in them. */
  readonly roomsMoved: number;
  /** Connects that were refused. */
  readonly refused: number;
  /** Load of each server, by time. */
  readonly loads: readonly (readonly number[])[];
  /** Time between two of these loads. */
  readonly interval: Milliseconds;
}

/** Looks at the servers now and then, and adds up. */
export class Measurement {
  readonly #hosts: readonly Host[];
  readonly #loads: readonly number[][];
  #clients = 0;
  #overloaded = 0;
  #work = 0;
  #excess = 0;
  #peaks = 0;
  #means = 0;
  #samples = 0;

  constructor(hosts: readonly Host[]) {
    this.#hosts = hosts;
    this.#loads = hosts.map(() => []);
  }

  sample(): void {
    let clients = 0;
    let work = 0;
    let capacity = 0;
    let peak = 0;
    for (const host of this.#hosts) {
      this.#loads[host.index]!.push(host.load);
      if (!host.alive) continue;
      clients += host.clients;
      work += host.load * host.capacity;
      capacity += host.capacity;
      peak = Math.max(peak, host.load);
      if (host.load <= OVERLOAD) continue;
      this.#overloaded += host.clients;
      this.#excess += (host.load - OVERLOAD) * host.capacity;
    }
    this.#samples++;
    this.#clients += clients;
    this.#work += work;
    this.#means += work / capacity;
    this.#peaks += clients > 0 ? peak * capacity / work : 1;
  }

  figures(): Pick<Figures, "overloaded" | "excess" | "peakToMean" | "meanLoad" | "loads"> {
    return {
      overloaded: this.#overloaded / Math.max(1, this.#clients),
      excess: this.#excess / Math.max(1, this.#work),
      peakToMean: this.#peaks / this.#samples,
      meanLoad: this.#means / this.#samples,
      loads: this.#loads,
    };
  }
}

import type { Candidate, Explanation, LeftOut } from "../facts.ts";
import { loadWithTail } from "../placement/expected_load.ts";
import type { NewSize } from "../placement/strategy.ts";
import type { PlacementSettings } from "../settings.ts";
import type { Group } from "./room.ts";
import { scopedKey } from "../scoped_key.ts";
import type { Server } from "./server.ts";

/** So many servers of each sort are remembered of a placement; of further ones, how many there were. */
const REMEMBERED = 10;

/** The newest placements with their reasons, by group. */
export class Explanations {
  readonly #byGroup = new Map<string, Explanation>();

  constructor(public limit: number) {}

  get size(): number {
    return this.#byGroup.size;
  }

  /** From now on so many are remembered. */
  configure(limit: number): void {
    this.limit = limit;
    this.#forgetOldest();
  }

  get({ namespace, name }: Group): Explanation | undefined {
    return this.#byGroup.get(scopedKey([namespace.name, name]));
  }

  add({ namespace, name }: Group, explanation: Explanation): void {
    const key = scopedKey([namespace.name, name]);
    this.#byGroup.delete(key);
    this.#byGroup.set(key, explanation);
    this.#forgetOldest();
  }

  /** What was added since is taken back: this explained it before, if anything did. */
  putBack(group: Group, before: Explanation | undefined): void {
    if (before === undefined) this.delete(group);
    else this.add(group, before);
  }

  #forgetOldest(): void {
    while (this.#byGroup.size > this.limit) this.#byGroup.delete(this.#byGroup.keys().next().value!);
  }

  /** The group was placed anew, for a reason that its server knows. */
  delete({ namespace, name }: Group): void {
    if (this.#byGroup.size > 0) this.#byGroup.delete(scopedKey([namespace.name, name]));
  }
}

/** Servers that could not be chosen: the first of them, and how many more. */
export class LeftOutList {
  readonly servers: LeftOut[] = [];
  further = 0;

  add(server: Server, reason: LeftOut["reason"]): void {
    if (this.servers.length < REMEMBERED) this.servers.push({ server: server.address, reason });
    else this.further++;
  }
}

/**
 * What chose, and among which servers: those with the lowest expected load as they are now, cheapest first, and the chosen
 * one. Of `fill`, which prefers the fullest below its target, those next to the chosen one. O(candidates).
 */
export function rememberChoice(
  { strategy, target }: PlacementSettings,
  candidates: readonly Server[],
  chosen: Server,
  size: NewSize,
): Pick<Explanation, "by" | "candidates" | "furtherCandidates"> {
  const fills = strategy === "fill";
  const from = fills ? loadWithTail(chosen, size) : 0;
  const best: Server[] = [];
  const loads: number[] = [];
  for (const server of candidates) {
    const load = Math.abs(loadWithTail(server, size) - from);
    if (best.length === REMEMBERED && load >= loads[REMEMBERED - 1]!) continue;
    let place = best.length === REMEMBERED ? REMEMBERED - 1 : best.length;
    for (; place > 0 && loads[place - 1]! > load; place--) {
      loads[place] = loads[place - 1]!;
      best[place] = best[place - 1]!;
    }
    loads[place] = load;
    best[place] = server;
  }
  if (!best.includes(chosen)) best.push(chosen);
  return {
    by: fills ? `fill up to ${target}` : strategy,
    candidates: best.map((server) => copy(server, size)),
    furtherCandidates: candidates.length - best.length,
  };
}

function copy(server: Server, size: NewSize): Candidate {
  const { address, load, steadyLoad, clients, groups, grants, growth, loadPerClient, work, weight } = server;
  return {
    address,
    load,
    steadyLoad,
    clients,
    groups,
    grants,
    growth,
    loadPerClient,
    work,
    weight,
    expectedLoad: loadWithTail(server, size),
  };
}

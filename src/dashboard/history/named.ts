import { COARSE, FINE } from "./track.ts";
import { Tracks, type Values } from "./tracks.ts";

/** The history of somebody who is there, or was within the last day. */
interface Kept<Figure extends string> {
  readonly tracks: Tracks<Figure>;
  /** Steps since it was last there. */
  gone: number;
}

/** Steps that a day has: the history of whoever has been gone for longer is all gaps. */
const DAY = COARSE.values * COARSE.step / FINE.step;

/** The histories of many of a sort, each with a name; of more than the limit, those that came first have one. */
export class Named<Figure extends string> {
  readonly #kept = new Map<string, Kept<Figure>>();

  /**
   * @param figures what is known of each
   * @param limit histories that are kept, at most
   * @param absent what the figures are of somebody who is not there
   */
  constructor(readonly figures: readonly Figure[], readonly limit: number, readonly absent: number) {}

  /** Adds a step, and forgets those that are gone for a day. @param there all that are there */
  add<Its>(
    there: readonly Its[],
    nameOf: (its: Its) => string,
    valuesOf: (its: Its) => Values<Figure>,
  ): void {
    for (const its of this.#kept.values()) its.gone++;
    const others: Its[] = [];
    for (const its of there) {
      const kept = this.#kept.get(nameOf(its));
      if (kept !== undefined) {
        kept.tracks.add(valuesOf(its));
        kept.gone = 0;
      } else if (others.length < this.limit) others.push(its);
    }
    for (const [name, { tracks, gone }] of this.#kept) {
      if (gone >= DAY) this.#kept.delete(name);
      else if (gone > 0) tracks.fill(this.absent);
    }
    for (const its of others) {
      if (this.#kept.size >= this.limit && !this.#makeRoom()) return;
      const tracks = new Tracks(this.figures);
      tracks.add(valuesOf(its));
      this.#kept.set(nameOf(its), { tracks, gone: 0 });
    }
  }

  /** Adds a step in which nothing was looked at. */
  gap(): void {
    for (const { tracks } of this.#kept.values()) tracks.fill(NaN);
  }

  get(name: string): Tracks<Figure> | undefined {
    return this.#kept.get(name)?.tracks;
  }

  /** Those that are there now. */
  *present(): Generator<[string, Tracks<Figure>]> {
    for (const [name, { tracks, gone }] of this.#kept) if (gone === 0) yield [name, tracks];
  }

  /** Forgets who has been gone for longest. @returns false where all are there */
  #makeRoom(): boolean {
    let [longest, most]: [string | undefined, number] = [undefined, 0];
    for (const [name, { gone }] of this.#kept) if (gone > most) [longest, most] = [name, gone];
    return longest !== undefined && this.#kept.delete(longest);
  }
}

import { type Course, Track } from "./track.ts";

/** What some figures are in a step; `NaN` where one is not known. */
export type Values<Name extends string> = Readonly<Record<Name, number>>;

/** Figures over the last hour and the last day, by name. */
export type Courses<Name extends string> = Readonly<Record<Name, Course>>;

/** The history of some figures that are known together. */
export class Tracks<Name extends string> {
  readonly #tracks: ReadonlyMap<Name, Track>;

  constructor(names: readonly Name[]) {
    this.#tracks = new Map(names.map((name) => [name, new Track()]));
  }

  add(values: Values<Name>): void {
    for (const [name, track] of this.#tracks) track.add(values[name]);
  }

  /** Adds one value to all. */
  fill(value: number): void {
    for (const track of this.#tracks.values()) track.add(value);
  }

  /** @see Track.minutes */
  minutes(name: Name): (number | null)[] {
    return this.#tracks.get(name)?.minutes() ?? [];
  }

  courses(): Courses<Name> {
    const courses = Object.fromEntries(Array.from(this.#tracks, ([name, track]) => [name, track.course()]));
    return courses as Courses<Name>; // of which TypeScript forgets the names
  }
}

import {
  type Change,
  follow,
  groupName,
  type Milliseconds,
  type Model,
  numberTasks,
  type RoomId,
  settle,
} from "../../src/fleet/mod.ts";

/** Changes of one gateway, and which gateways have them. */
interface Told {
  readonly changes: readonly Change[];
  readonly known: Set<Model>;
}

/** The models of one gateway or of several, of which each is told after a while what the others do. */
export class Gateways {
  readonly #later: (wait: Milliseconds, act: () => void) => void;
  readonly #lag: Milliseconds;
  readonly #now: () => Milliseconds;
  /** What not all know yet, oldest first. */
  readonly #coming = new Set<Told>();
  #order = 0;

  constructor(
    readonly models: readonly Model[],
    lag: Milliseconds,
    now: () => Milliseconds,
    later: (wait: Milliseconds, act: () => void) => void,
  ) {
    this.#lag = lag;
    this.#now = now;
    this.#later = later;
    if (models.length === 1) return;
    models.forEach((model, number) => {
      model.shared = true;
      numberTasks(model, number + 1);
    });
  }

  /** A gateway has made these changes. */
  tell(by: Model, changes: readonly Change[]): void {
    if (this.models.length === 1 || changes.length === 0) return;
    settle(by, changes, this.#order);
    this.#order += changes.length;
    const told: Told = { changes, known: new Set([by]) };
    this.#coming.add(told);
    this.#later(this.#lag, () => {
      this.#coming.delete(told);
      for (const model of this.models) this.#follow(model, told);
    });
  }

  /** A gateway asks the store for a place: it knows then who has placed the group, if somebody has. */
  claim(model: Model, [namespace, name]: RoomId): void {
    for (const told of this.#coming) {
      const places = told.changes.some((change) =>
        change.type === "group-placed" && change.namespace === namespace && change.group === groupName(name)
      );
      if (places) this.#follow(model, told);
    }
  }

  #follow(model: Model, told: Told): void {
    if (told.known.has(model)) return;
    told.known.add(model);
    this.tell(model, follow(model, told.changes, this.#now()));
  }
}

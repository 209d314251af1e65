import * as fleet from "../fleet/mod.ts";
import type { Address, Milliseconds, Model } from "../fleet/mod.ts";
import type { Durability } from "./durability.ts";
import type { Observers } from "./observers.ts";
import type { TasksOut } from "./port.ts";

/** What goes out where there is nothing, or another gateway is handing it over. */
export const NO_TASKS: TasksOut = { tasks: [], delivery: undefined };

/** Hands waiting tasks over to their servers: only those that are durable, and by one gateway at a time. */
export class TaskDelivery {
  readonly #model: Model;
  readonly #durability: Durability;
  readonly #observers: Observers;
  readonly #now: () => Milliseconds;

  constructor(model: Model, durability: Durability, observers: Observers, now: () => Milliseconds) {
    this.#model = model;
    this.#durability = durability;
    this.#observers = observers;
    this.#now = now;
  }

  /** Takes what is to go out with an answer to the server. */
  async take(server: Address): Promise<TasksOut> {
    // A task whose call may still be refused is not handed over, nor what was asked for after it.
    await this.#durability.settled();
    const id = fleet.numberHandOver(this.#model);
    // Before the rest is heard: what one that is gone has told of its answers before it went is known then.
    const lives = await this.#whoLives(server);
    if (!await this.#mayHandOver(server, id)) return NO_TASKS;
    const open = this.#model.shared ? fleet.NOT_PLACED : this.#firstOpenTask();
    const { tasks, repeated, handOver, changes } = fleet.handOverTasks(
      this.#model,
      server,
      this.#now(),
      open,
      id,
      lives,
    );
    this.#durability.soon(changes);
    if (tasks.length > 0) this.#observers.tell("handedOver", tasks.length, repeated);
    return { tasks, delivery: handOver === undefined ? undefined : { server, id: handOver } };
  }

  /** Whether no other gateway is handing tasks over to the server; not asked where there are none. */
  async #mayHandOver(server: Address, id: number): Promise<boolean> {
    const { replication } = this.#durability;
    if (replication === undefined || !fleet.hasTasks(this.#model, server)) return true;
    return await replication.mayHandOver(server, id);
  }

  /** Tells which gateways live, of those whose answers to the server are open by now; nothing where none are. */
  async #whoLives(server: Address): Promise<((gateway: number) => boolean) | undefined> {
    const { replication } = this.#durability;
    if (replication === undefined) return undefined;
    const others = fleet.othersHandingOver(this.#model, server);
    if (others.size === 0) return undefined;
    const members = await replication.gateways();
    if (members.length === 0) return undefined;
    const gone = others.difference(new Set(members.map(({ number }) => number)));
    return (gateway) => !gone.has(gateway);
  }

  /** Number of the first task whose call is still on its way into the store. */
  #firstOpenTask(): number {
    let first = Infinity;
    for (const { changes } of this.#durability.inFlight) {
      for (const change of changes) {
        if (change.type === "task-queued") first = Math.min(first, change.task.sequence);
      }
    }
    return first;
  }
}

import type { Address, Milliseconds } from "../../src/fleet/mod.ts";
import type { Work } from "./workload.ts";

/** A server as it is, which the gateway knows from its reports only. */
export class Host {
  alive = true;
  clients = 0;
  /** Clients in each room that it hosts, by the room's number. */
  readonly rooms = new Map<number, number>();
  readonly opened = new Map<number, Milliseconds>();
  #work = 0;

  constructor(
    readonly address: Address,
    readonly capacity: number,
    readonly index: number,
    readonly work: Work,
  ) {}

  get load(): number {
    return this.#work / this.capacity;
  }

  /** So many clients are in the room now. */
  fill(room: number, clients: number, now: Milliseconds): void {
    const before = this.rooms.get(room) ?? 0; // it opens
    this.clients += clients - before;
    this.#work += this.work(clients) - this.work(before);
    if (before === 0) this.opened.set(room, now);
    if (clients > 0) this.rooms.set(room, clients);
    else {
      this.rooms.delete(room);
      this.opened.delete(room);
    }
  }
}

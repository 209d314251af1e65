import type { Address, Milliseconds } from "../../src/fleet/mod.ts";

/** A server as it is, which the gateway knows from its reports only. */
export class Host {
  alive = true;
  clients = 0;
  /** Clients in each room that it hosts, by the room's number. */
  readonly rooms = new Map<number, number>();
  readonly opened = new Map<number, Milliseconds>();

  constructor(readonly address: Address, readonly capacity: number, readonly index: number) {}

  get load(): number {
    return this.clients / this.capacity;
  }
}

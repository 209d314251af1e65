import { TokenGenerator } from "@4players/odin-tokens";
import type { HostedRoom, Peer } from "./hosting.ts";
import { call } from "./rpc_client.ts";
import type { SimulatedServer } from "./server.ts";

/** How a crowd behaves. */
export interface CrowdOptions {
  /** The gateway's public URL. */
  readonly gateway: string;
  readonly accessKey: string;
  readonly servers: readonly SimulatedServer[];
  /** New clients a second. */
  readonly arrivals: number;
  /** Mean time that a client stays, in seconds. */
  readonly stay: number;
  /** Clients in a room before the next room opens. */
  readonly roomSize: number;
  readonly failed: (error: Error) => void;
  /** How the gateway is called; if absent, once. */
  readonly call?: typeof call;
}

/** A stream of clients: each asks the gateway for its server, joins its room there, stays a while and leaves. */
export class Crowd {
  connects = 0;
  readonly #tokens: TokenGenerator;
  readonly #servers: ReadonlyMap<string, SimulatedServer>;
  readonly #leaving = new Set<ReturnType<typeof setTimeout>>();
  readonly #connecting = new Set<Promise<void>>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #clients = 0;

  constructor(readonly options: CrowdOptions) {
    this.#tokens = new TokenGenerator(options.accessKey);
    this.#servers = new Map(options.servers.map((server) => [server.address, server]));
  }

  start(): void {
    this.#timer = setInterval(() => this.#arrive(), 1000 / this.options.arrivals);
  }

  /** So many clients come at once. */
  burst(clients: number): void {
    for (let i = 0; i < clients; i++) this.#arrive();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#connecting);
    for (const timer of this.#leaving) clearTimeout(timer);
  }

  #arrive(): void {
    const number = this.#clients++;
    const room = `match-${Math.floor(number / this.options.roomSize)}`;
    const connecting = this.#join(room, `user-${number}`)
      .catch((error) => this.options.failed(error))
      .finally(() => this.#connecting.delete(connecting));
    this.#connecting.add(connecting);
  }

  async #join(name: string, user: string): Promise<void> {
    const token = this.#tokens.createToken(name, user);
    const { gateway, call: ask = call } = this.options;
    const answer = await ask<{ address: string; token: string }>(gateway, "Connect", {}, { token });
    this.connects++;
    const server = this.#servers.get(answer.address);
    if (server === undefined) throw new Error(`the gateway named an unknown server: ${answer.address}`);
    const peer: Peer = { user };
    const room = server.hosting.join(server.hosting.verify(answer.token), name, peer);
    this.#leaveLater(server, room, peer);
  }

  #leaveLater(server: SimulatedServer, room: HostedRoom, peer: Peer): void {
    const timer = setTimeout(() => {
      this.#leaving.delete(timer);
      server.hosting.leave(room, peer);
    }, -Math.log(1 - Math.random()) * this.options.stay * 1000);
    this.#leaving.add(timer);
  }
}

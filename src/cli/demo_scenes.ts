import { TokenGenerator } from "@4players/odin-tokens";
import type { Crowd } from "../../sim/crowd.ts";
import type { call } from "../../sim/rpc_client.ts";

/** Where the scenes play. */
export interface SceneOptions {
  readonly gateway: string;
  readonly accessKey: string;
  /** Address of the server that is drained. */
  readonly server: string;
  readonly crowd: Crowd;
  readonly failed: (error: Error) => void;
  /** How the gateway is called. */
  readonly call: typeof call;
}

/** What happens in the demo besides clients that come and go, so that there is something to see: when, in seconds, and what. */
const SCENES: readonly (readonly [number, (options: SceneOptions) => Promise<unknown>])[] = [
  [5, ({ gateway, accessKey, call }) => {
    const token = new TokenGenerator(accessKey).createToken("lobby", "backend", { subject: "RoomBanClient" });
    const params = { room_id: "lobby", user_id: "mallory", ban_time: 600 };
    return call(gateway, "RoomBanClient", params, { token });
  }],
  [15, ({ crowd }) => Promise.resolve(crowd.burst(60))],
  [30, ({ gateway, server, call }) => call(`${gateway}/internal`, "server.Drain", { address: server })],
  [60, ({ gateway, server, call }) => call(`${gateway}/internal`, "server.Resume", { address: server })],
];

/** Plays them, once. */
export class Scenes {
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  readonly #playing = new Set<Promise<unknown>>();

  constructor(readonly options: SceneOptions) {}

  start(): void {
    for (const [seconds, scene] of SCENES) {
      const play = () => {
        const playing = scene(this.options)
          .catch((error) => this.options.failed(error))
          .finally(() => this.#playing.delete(playing));
        this.#playing.add(playing);
      };
      this.#timers.push(setTimeout(play, seconds * 1000));
    }
  }

  /** No further one begins; those that play end. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#playing);
  }
}

import { readConfig } from "../../src/config/load.ts";
import { Dashboard } from "../../src/dashboard/dashboard.ts";
import { ASSETS } from "../../src/dashboard/assets.ts";
import { dashboardRoutes } from "../../src/dashboard/routes.ts";
import { RpcError } from "../../src/edge/errors.ts";
import { refusalText, rpcAnswer } from "../../src/edge/http/answer.ts";
import { listen } from "../../src/edge/http/listener.ts";
import type { FleetFigures, ServerFigures, UnixTime } from "../../src/fleet/mod.ts";
import { parseAddress, unixTime } from "../../src/fleet/mod.ts";
import { createOperationsHandler } from "../../src/operations/routes.ts";

/** Seconds between two reports of a server. */
const REPORTS = 5;

/** Rooms of a server. */
const ROOMS = 500;

/**
 * A dashboard, behind a real listener, of servers that there are in figures only, so that an hour of them takes a second:
 * each reports every five seconds, and has another load then.
 */
export class FedDashboard implements AsyncDisposable {
  readonly dashboard: Dashboard;
  #servers: readonly ServerFigures<UnixTime>[];
  /** Milliseconds that this dashboard's time is ahead of the process's. */
  #ahead = 0;
  #url = "";
  #stop: (grace: number) => Promise<void> = () => Promise.resolve();

  constructor(servers: number) {
    this.#servers = Array.from({ length: servers }, (_, i) => server(`sfu-${i}.test:4433`));
    this.dashboard = new Dashboard({
      gateway: { figures: () => Promise.resolve(this.#figures()) },
      problems: () => Promise.resolve([]),
      shows: () => true,
      version: "test",
    }, () => this.#now());
  }

  get url(): string {
    return this.#url;
  }

  /** Lets so many seconds pass at once. */
  async feed(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed += REPORTS) {
      this.#ahead += REPORTS * 1000;
      await this.dashboard.update();
    }
  }

  /** Serves the page, and tells it each second what has changed. */
  async serve(): Promise<void> {
    const { settings } = readConfig({ http: { hostname: "127.0.0.1", port: 0 }, customers: [] });
    const handler = createOperationsHandler({
      users: [],
      onLoopback: true,
      refused: () => {},
      pages: { hostname: "127.0.0.1", isPage: (path) => ASSETS.includes(path) },
      longestUrl: settings.limits.url,
      checks: {
        listening: () => true,
        customers: () => true,
        store: () => true,
        startup: () => true,
        servers: () => true,
      },
      rpc: () => Promise.resolve(rpcAnswer(refusalText(new RpcError("internal", "figures only")))),
    }, dashboardRoutes(this.dashboard));
    const listener = await listen(settings, handler);
    [this.#url, this.#stop] = [listener.url, listener.stop];
    this.dashboard.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dashboard.stop();
    await this.#stop(0);
  }

  #now(): number {
    return this.#ahead + performance.now();
  }

  /** The fleet, of which a fifth has reported in each second. */
  #figures(): FleetFigures<UnixTime> {
    const second = Math.floor(this.#now() / 1000);
    this.#servers = this.#servers.map((its, i) => {
      const report = Math.floor((second + i) / REPORTS);
      const load = 0.5 + 0.45 * Math.sin(report / 60 + i);
      if (its.load === load) return its;
      return {
        ...its,
        load,
        expectedLoad: load + 0.02,
        clients: Math.round(1000 * load),
        grants: report % 7,
      };
    });
    const none = { peers: 0, rooms: 0 };
    return {
      servers: this.#servers,
      customers: [],
      others: none,
      unvouched: none,
      rooms: ROOMS * this.#servers.length,
      unlistedRooms: 0,
      bans: 0,
      taskBytes: 0,
    };
  }
}

function server(name: string): ServerFigures<UnixTime> {
  const address = parseAddress(name);
  if (address === undefined) throw new Error(name);
  return {
    ...{ address, pool: "default", version: "1.2.3", state: "open", weight: 1, rooms: ROOMS, tasks: 0 },
    ...{ load: 0, expectedLoad: 0, clients: 0, grants: 0, growth: 0, lastSeen: unixTime(Date.now()) },
  };
}

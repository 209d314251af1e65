import { Agent, type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import type { Task } from "../../src/fleet/mod.ts";
import type { Line } from "../ledger.ts";

/** What a careless server does with the answer to a report. */
type Care = "read" | "ignore" | "read a part" | "read and hang up";

/** How often it does what; the rest is read as it should be. */
const CARELESS: readonly (readonly [Care, number])[] = [["ignore", 0.05], ["read a part", 0.05], [
  "read and hang up",
  0.05,
]];

/** Milliseconds after which a report without an answer is given up. */
const PATIENCE = 2000;

/** Fewer milliseconds than a server that is careful takes between an answer and its next report, in fractions of an interval. */
const JITTER = [0.7, 1.2] as const;

/**
 * A server that reports its rooms, and does not always read the answers: it hangs up before, amid or after them. What it has
 * read to the end it carries out.
 */
export class CarelessServer {
  readonly rooms = new Map<string, { peers: number; readonly opened: number; readonly customer: string }>();
  /** Whether it reads every answer to the end. */
  careful = false;
  reports = 0;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #lines = new WeakMap<Socket, Line>();
  #stopped = false;
  #running: Promise<void> | undefined;

  /**
   * @param gateway where it is now: it comes back somewhere else
   * @param ballast rooms that only make its reports large
   * @param interval between reports, in milliseconds
   */
  constructor(
    readonly address: string,
    readonly gateway: () => string,
    readonly ballast: readonly object[],
    readonly interval: number,
    readonly read: (task: Task, line: Line) => void,
  ) {}

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#agent.destroy();
  }

  join(room: string, customer = "acme"): void {
    const known = this.rooms.get(room) ?? { peers: 0, opened: performance.now(), customer };
    known.peers++;
    this.rooms.set(room, known);
  }

  leave(room: string): void {
    const known = this.rooms.get(room);
    if (known !== undefined && --known.peers <= 0) this.rooms.delete(room);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const tasks = await this.#report(this.careful ? "read" : carelessness());
      for (const { task, line } of tasks) this.read(task, line);
      const [least, most] = JITTER;
      const pause = this.interval * (least + Math.random() * (most - least));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Reports once. Whatever goes wrong with the gateway is only a reason to try again. */
  #report(care: Care): Promise<{ task: Task; line: Line }[]> {
    return new Promise((resolve) => {
      const { hostname, port } = new URL(this.gateway());
      const options = { host: hostname, port, path: "/internal", method: "POST", agent: this.#agent };
      let line: Line = { broken: false };
      let text = "";
      const end = () => resolve([]);
      const sent = request(options, (response: IncomingMessage) => {
        response.setEncoding("utf8");
        response.on("data", (piece: string) => {
          text += piece;
          if (care === "read a part") sent.destroy();
        });
        response.on("error", end);
        response.on("end", () => {
          if (care === "read and hang up") sent.destroy();
          if (response.statusCode !== 200) return end();
          this.reports++;
          const { tasks } = JSON.parse(text).result as { tasks: Task[] };
          resolve(tasks.map((task) => ({ task, line })));
        });
      });
      sent.on("socket", (socket: Socket) => line = this.#lineOf(socket));
      sent.on("error", end);
      sent.on("close", end);
      sent.setTimeout(PATIENCE, () => sent.destroy());
      sent.end(this.#body());
      if (care === "ignore") setTimeout(() => sent.destroy(), Math.random() * 30);
    });
  }

  #lineOf(socket: Socket): Line {
    const known = this.#lines.get(socket);
    if (known !== undefined) return known;
    const line: Line = { broken: false };
    this.#lines.set(socket, line);
    socket.on("close", () => line.broken = true);
    return line;
  }

  #body(): string {
    const now = performance.now();
    const rooms = Array.from(this.rooms, ([name, { peers, opened, customer }]) => ({
      id: [customer, name],
      customer,
      age: { secs: Math.floor((now - opened) / 1000), nanos: 0 },
      peers,
    }));
    const clients = rooms.reduce((sum, { peers }) => sum + peers, this.ballast.length);
    const params = {
      public_endpoint: this.address,
      version: "chaos",
      load: Math.min(0.9, clients / 50_000),
      clients,
      rooms: [...rooms, ...this.ballast],
    };
    return JSON.stringify({ jsonrpc: "2.0", id: 1, method: "sfu.Report", params });
  }
}

function carelessness(): Care {
  let chance = Math.random();
  for (const [care, part] of CARELESS) {
    if (chance < part) return care;
    chance -= part;
  }
  return "read";
}

/** Rooms that nobody asks for, one client in each. */
export function ballast(server: string, rooms: number): object[] {
  return Array.from({ length: rooms }, (_, i) => ({
    id: ["ballast", `${server}-${i}`],
    customer: "ballast",
    age: { secs: 60, nanos: 0 },
    peers: 1,
  }));
}

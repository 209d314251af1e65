import { signerOf } from "../access_key.ts";
import { call, CallError } from "../rpc_client.ts";
import { configSource, newCustomer, Program, type ProgramOptions } from "../program.ts";
import { ballast, CarelessServer } from "./careless_server.ts";
import { type Answer, bytesOf, Ledger } from "../ledger.ts";

/** Milliseconds. */
const REPORT_INTERVAL = 400;
const DISABLE_TIMEOUT = 2500;

/** Seconds; short, so that rooms end within a storm, and their places are given anew. */
const TOKEN_LIFETIME = 6;

/** Rooms in each report of one of the servers: a body of some megabytes. */
const BALLAST = 20_000;

const SERVERS = 5;
const CLIENTS = 6;
const GROUPS = 60;

/** Bans that are tried after each kill, and in the end. */
const BANS_TRIED = 20;

/** JSON-RPC code of a Connect that meets a ban. */
const BANNED = -32004;

/** What a storm is besides its kills. */
export interface StormOptions {
  /** Before each so many-th kill, the gateway does not run for a while, as on a machine that is suspended. */
  readonly suspendEvery: number;
  /** Told now and then how far it is. */
  readonly told: (progress: string) => void;
}

/** A ban that was acknowledged; what became of it is not known where a call had no answer. */
interface Ban {
  readonly room: string;
  readonly user: string;
  state: "banned" | "lifted" | "unknown";
}

/** What a storm has shown. */
export interface Outcome {
  readonly cycles: number;
  readonly faults: readonly string[];
  readonly counts: Ledger["counts"];
}

/**
 * A gateway under load that is killed, stopped and started again, cycle by cycle, with servers that do not always read its
 * answers; everything that it promises is noted, and held against what comes.
 */
export class Storm {
  readonly #ledger = new Ledger(() => Date.now() / 1000, true);
  readonly #sign: (claims: object) => string;
  readonly #servers: CarelessServer[];
  readonly #byAddress: ReadonlyMap<string, CarelessServer>;
  readonly #program: ProgramOptions;
  readonly #bans: Ban[] = [];
  readonly #leaving = new Set<ReturnType<typeof setTimeout>>();
  #running: (Program & { readonly url: string }) | undefined;
  #url = "http://127.0.0.1:9";
  #calm = false;
  #guests = 0;

  constructor(folder: string, readonly options: StormOptions) {
    const { accessKey, entry } = newCustomer("acme");
    this.#sign = signerOf(accessKey);
    const config = configSource({
      rates: { perKey: "off", perCustomer: "off" }, // all comes by one key
      customers: [entry],
      loginToken: { lifetime: TOKEN_LIFETIME },
      startup: { expectedServers: SERVERS },
      sfuConfig: { updateInterval: REPORT_INTERVAL / 1000, disableTimeout: DISABLE_TIMEOUT / 1000 },
    });
    this.#program = { config, folder };
    this.#servers = Array.from({ length: SERVERS }, (_, i) => {
      const address = `s${i}.chaos.example:4433`;
      const more = i === 0 ? ballast(address, BALLAST) : [];
      return new CarelessServer(address, () => this.#url, more, REPORT_INTERVAL, (task, line) => {
        this.#ledger.read(address, task, line);
        if (task.task !== "RoomClose") return;
        this.#byAddress.get(address)!.rooms.delete(task.id[1]);
      });
    });
    this.#byAddress = new Map(this.#servers.map((server) => [server.address, server]));
  }

  /** So many kills, then a calm in which everything that waits must arrive. */
  async run(cycles: number): Promise<Outcome> {
    await this.#start();
    for (const server of this.#servers) {
      server.join(homeOf(server));
      server.start();
    }
    await this.#everyServerHeard(1);
    const load = Promise.all([
      ...Array.from({ length: CLIENTS }, () => this.#untilCalm(() => this.#visit(), 5)),
      this.#untilCalm(() => this.#manageHome(), 10),
      this.#untilCalm(() => this.#closeRoom(), 200),
      this.#untilCalm(() => this.#ban(), 20),
    ]);
    for (let cycle = 1; cycle <= cycles; cycle++) {
      await sleep(100 + Math.random() * 700);
      if (cycle % this.options.suspendEvery === 0) await this.#suspend();
      await this.#running!.stop("SIGKILL");
      await this.#start();
      await this.#tryBans();
      if (cycle % 10 === 0) {
        this.options.told(`${cycle} of ${cycles} kills, ${this.#ledger.faults.length} faults`);
      }
    }
    this.#calm = true;
    await load;
    for (const server of this.#servers) server.careful = true;
    await this.#everyServerHeard(5);
    await this.#tryBans();
    for (const timer of this.#leaving) clearTimeout(timer);
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.#running!.stop();
    this.#ledger.close();
    return { cycles, faults: this.#ledger.faults, counts: this.#ledger.counts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#calm = true;
    await this.#running?.stop("SIGKILL");
  }

  async #start(): Promise<void> {
    this.#running = await Program.start(this.#program);
    this.#url = this.#running.url;
  }

  /** As a machine that is suspended for longer than servers may be silent. */
  async #suspend(): Promise<void> {
    this.#running!.kill("SIGSTOP");
    await sleep(1.5 * DISABLE_TIMEOUT);
    this.#running!.kill("SIGCONT");
    await sleep(1000);
  }

  async #everyServerHeard(reports: number): Promise<void> {
    const before = this.#servers.map((server) => server.reports);
    while (this.#servers.some((server, i) => server.reports < before[i]! + reports)) await sleep(20);
  }

  /** A client asks where its room is, goes there after a while or not at all, stays, and leaves. */
  async #visit(): Promise<void> {
    const number = Math.floor(Math.random() * GROUPS);
    const group = `{group ${number}}`;
    const room = `${group} ${Math.floor(Math.random() * 3)}`;
    const granted = await this.#connect(room, `guest-${this.#guests++}`);
    if (granted === undefined) return;
    this.#ledger.granted(group, granted.address, granted.until);
    if (Math.random() < 0.2) return;
    const server = this.#byAddress.get(granted.address)!;
    const left = granted.until * 1000 - Date.now();
    this.#later(Math.random() ** 3 * left, () => {
      server.join(room);
      this.#ledger.joined(group, server.address);
      this.#later(Math.random() * 3000, () => {
        server.leave(room);
        this.#ledger.left(group, server.address);
      });
    });
  }

  /** @returns nothing where the gateway could not be asked; anything else but a grant is a fault */
  async #connect(room: string, user: string): Promise<{ address: string; until: number } | undefined> {
    const token = this.#sign({ rid: room, uid: user, sub: "connect" });
    try {
      const answer = await call<{ address: string; token: string }>(this.#url, "Connect", {}, { token });
      const { exp } = JSON.parse(Buffer.from(answer.token.split(".")[1]!, "base64url").toString());
      return { address: answer.address, until: exp };
    } catch (error) {
      if (error instanceof CallError) {
        this.#ledger.faults.push(`Connect of ${user} to ${room}: ${error.message}`);
      }
      return undefined;
    }
  }

  /** An update or a message for a room that lives throughout. */
  async #manageHome(): Promise<void> {
    const room = homeOf(this.#servers[Math.floor(Math.random() * SERVERS)]!);
    const number = this.#ledger.nextNumber();
    const bytes = bytesOf(number);
    if (Math.random() < 0.5) {
      await this.#manage(number, room, "RoomUpdate", { user_data: bytes });
    } else await this.#manage(number, room, "RoomSendMessage", { user_id: "everybody", message: bytes });
  }

  /** A room with somebody in it is closed. */
  async #closeRoom(): Promise<void> {
    const number = this.#ledger.nextNumber();
    const room = `closing-${number}`;
    const granted = await this.#connect(room, "u");
    if (granted === undefined) return;
    const server = this.#byAddress.get(granted.address)!;
    server.join(room);
    const before = server.reports;
    while (server.reports < before + 2 && !this.#calm) await sleep(20);
    await this.#manage(number, room, "RoomClose", { ban_time: 0 });
  }

  /** A user is banned; an earlier ban is lifted now and then. */
  async #ban(): Promise<void> {
    const inForce = this.#bans.filter(({ state }) => state === "banned");
    if (inForce.length > 0 && Math.random() < 0.2) {
      return await this.#lift(inForce[Math.floor(Math.random() * inForce.length)]!);
    }
    const room = homeOf(this.#servers[Math.floor(Math.random() * SERVERS)]!);
    const number = this.#ledger.nextNumber();
    const user = `banned-${number}`;
    const answer = await this.#manage(number, room, "RoomBanClient", { user_id: user, ban_time: 600 });
    if (answer !== "acknowledged") return;
    this.#ledger.counts.bans++;
    this.#bans.push({ room, user, state: "banned" });
  }

  async #lift(ban: Ban): Promise<void> {
    ban.state = "unknown";
    const token = this.#sign({ rid: ban.room, uid: "backend", sub: "RoomBanClient" });
    const params = { room_id: ban.room, user_id: ban.user, ban_time: 0 };
    try {
      await call(this.#url, "RoomBanClient", params, { token });
      ban.state = "lifted";
    } catch (error) {
      if (error instanceof CallError) ban.state = "banned";
    }
  }

  async #manage(
    number: number,
    room: string,
    kind: "RoomClose" | "RoomUpdate" | "RoomBanClient" | "RoomSendMessage",
    params: object,
  ): Promise<Answer> {
    const token = this.#sign({ rid: room, uid: "backend", sub: kind });
    this.#ledger.ask(number, room, kind);
    let answer: Answer = "acknowledged";
    try {
      await call(this.#url, kind, { room_id: room, ...params }, { token });
    } catch (error) {
      answer = error instanceof CallError ? "refused" : "none";
    }
    this.#ledger.answered(number, answer);
    return answer;
  }

  /** The latest bans, and some of the earlier ones, must be in force, but for those that were lifted. */
  async #tryBans(): Promise<void> {
    const some = Array.from(
      { length: Math.min(BANS_TRIED, this.#bans.length) },
      (_, i) =>
        i % 2 === 0 ? this.#bans.at(-1 - i)! : this.#bans[Math.floor(Math.random() * this.#bans.length)]!,
    );
    for (const ban of some) {
      const { room, user, state } = ban;
      if (state === "unknown") continue;
      const token = this.#sign({ rid: room, uid: user, sub: "connect" });
      const code = await call(this.#url, "Connect", {}, { token }).then(() => 0, (error) => {
        if (error instanceof CallError) return error.code;
        throw error;
      });
      if (ban.state !== state) continue; // it has changed meanwhile
      if ((code === BANNED) !== (state === "banned")) {
        this.#ledger.faults.push(`${user} is ${state} in ${room}, and got ${code}`);
      }
    }
  }

  #later(milliseconds: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#leaving.delete(timer);
      act();
    }, milliseconds);
    this.#leaving.add(timer);
  }

  async #untilCalm(step: () => Promise<unknown>, pause: number): Promise<void> {
    while (!this.#calm) {
      await step();
      await sleep(pause);
    }
  }
}

/** The room of a server that lives throughout. */
function homeOf(server: CarelessServer): string {
  return `home of ${server.address}`;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

import { signerOf } from "../access_key.ts";
import { call, CallError } from "../rpc_client.ts";
import { newCustomer } from "../program.ts";
import { ballast, CarelessServer } from "./careless_server.ts";
import { sleep } from "../sleep.ts";
import { type Answer, bytesOf, Ledger, type Line } from "../ledger.ts";

/**
 * Milliseconds. Several gateways get more time: who takes longer than half of it to tell the others that an answer was not
 * read may find that they count it as read.
 */
const REPORT_INTERVAL = { alone: 400, several: 1000 };
/** Longer where there are several: a report to one that stands still is given up late, and the next may go there again. */
const DISABLE_TIMEOUT = { alone: 2500, several: 8000 };

/** Seconds; short, so that rooms end within a storm, and their places are given anew. */
const TOKEN_LIFETIME = 6;

/** Rooms in each report of one of the servers: a body of some megabytes, of which several gateways share what they store. */
const BALLAST = { alone: 20_000, several: 1000 };

const SERVERS = 5;
const CLIENTS = 6;
const GROUPS = 60;

/** Bans that are tried after each kill, and in the end. */
const BANS_TRIED = 20;

/** JSON-RPC code of a Connect that meets a ban. */
const BANNED = -32004;

/** The customer whose licence is tight, and the clients that it allows. */
const TIGHT = { customer: "tight", peers: 30, rooms: 5, clients: 4 };

/** JSON-RPC codes of calls that a gateway cannot answer now, and of a Connect above the licence. */
const UNAVAILABLE = -32009;
const PEER_LIMIT = -32005;

/** A call without an answer is given up after so many milliseconds. */
const PATIENCE = 2000;

/** A ban must hold at every gateway once it is this old, in milliseconds. */
const BAN_HOLDS_AFTER = 2000;

/** Reports of each server, to any of several gateways, in which everything that waits arrives. */
const CALM = 12;

/** Groups that are asked for change after so many milliseconds, so that one that may be split is not met for ever. */
const GROUPS_FOR = 20_000;

/** A URL at which nobody answers. */
export const NOWHERE = "http://127.0.0.1:9";

/** Whom the load asks, and what may be held against them. */
export interface Doors {
  /** The URL of one to ask next. */
  next(): string;
  /** All that have to know of everything now. */
  sound(): readonly string[];
  /** One has said that it cannot answer now. @returns whether that may be */
  hasFailed(url: string): boolean;
  /** By which part of it clients may be more than the licence allows now. */
  mayExceedBy(): number;
  /** Whether what a server has read just now may come again. */
  mayComeAgain(): boolean;
}

/** A ban that was acknowledged; what became of it is not known where a call had no answer. */
interface Ban {
  readonly room: string;
  readonly user: string;
  /** When it was acknowledged. */
  readonly at: number;
  state: "banned" | "lifted" | "unknown";
}

/** What a server has read, which may come again where something happens soon after. */
class Read implements Line {
  readonly at = performance.now();
  disturbed = false;

  constructor(readonly line: Line) {}

  get broken(): boolean {
    return this.disturbed || this.line.broken;
  }
}

/** What was read so many milliseconds ago does not come again. */
const SETTLED = 5000;

/** Servers, clients and backends that keep gateways busy; everything that those promise is noted, and held against what comes. */
export class Load {
  readonly ledger: Ledger;
  /** Connects that were refused by the tight licence, and calls that were not answered or could not be. */
  readonly counts = { limited: 0, unavailable: 0, unanswered: 0, bansTried: 0 };
  readonly #doors: Doors;
  readonly #sign: (claims: object) => string;
  readonly #signTight: (claims: object) => string;
  readonly #servers: CarelessServer[];
  readonly #byAddress: ReadonlyMap<string, CarelessServer>;
  readonly #bans: Ban[] = [];
  readonly #leaving = new Set<ReturnType<typeof setTimeout>>();
  /** What was read lately, and may come again if something happens now. */
  #reads: Read[] = [];
  /** The source of a configuration that the gateways can have, but for the master key. */
  readonly config: object;
  #running: Promise<unknown> = Promise.resolve();
  #calm = false;
  #guests = 0;

  /** @param alone whether there is one gateway: what it has not answered is done by then, or never */
  constructor(doors: Doors, readonly alone: boolean) {
    this.#doors = doors;
    this.ledger = new Ledger(() => Date.now() / 1000, alone ? "all" : "acknowledged");
    const interval = alone ? REPORT_INTERVAL.alone : REPORT_INTERVAL.several;
    const { accessKey, entry } = newCustomer("acme");
    this.#sign = signerOf(accessKey);
    const tight = newCustomer(TIGHT.customer, { maxPeers: TIGHT.peers });
    this.#signTight = signerOf(tight.accessKey);
    this.config = {
      rates: { perKey: "off", perCustomer: "off" }, // all comes by one key
      customers: [entry, tight.entry],
      loginToken: { lifetime: TOKEN_LIFETIME },
      startup: { expectedServers: SERVERS },
      sfuConfig: {
        updateInterval: interval / 1000,
        disableTimeout: (alone ? DISABLE_TIMEOUT.alone : DISABLE_TIMEOUT.several) / 1000,
      },
    };
    this.#servers = Array.from({ length: SERVERS }, (_, i) => {
      const address = `s${i}.chaos.example:4433`;
      const more = i === 0 ? ballast(address, alone ? BALLAST.alone : BALLAST.several) : [];
      return new CarelessServer(address, () => this.#doors.next(), more, interval, (task, line) => {
        this.ledger.read(address, task, this.#seen(line));
        if (task.task !== "RoomClose") return;
        this.#byAddress.get(address)!.rooms.delete(task.id[1]);
      });
    });
    this.#byAddress = new Map(this.#servers.map((server) => [server.address, server]));
  }

  async start(): Promise<void> {
    for (const server of this.#servers) {
      server.join(homeOf(server));
      server.start();
    }
    await this.everyServerHeard(this.alone ? 1 : 2); // by the second, all gateways know what was in the first
    this.#running = Promise.all([
      ...Array.from({ length: CLIENTS }, () => this.#untilCalm(() => this.#visit(), this.alone ? 5 : 40)),
      ...Array.from(
        { length: this.alone ? 0 : TIGHT.clients },
        () => this.#untilCalm(() => this.#visitTight(), 20),
      ),
      this.#untilCalm(() => this.#manageHome(), 10),
      this.#untilCalm(() => this.#closeRoom(), 200),
      this.#untilCalm(() => this.#ban(), 20),
    ]);
  }

  /** No further calls; whatever waits must arrive then. */
  async end(): Promise<void> {
    this.#calm = true;
    await this.#running;
    for (const server of this.#servers) server.careful = true;
    await this.everyServerHeard(this.alone ? 5 : CALM);
    await this.tryBans();
    await this.#compare();
    await this.abandon();
    this.ledger.close();
  }

  /** Ends everything, whether or not something waits. */
  async abandon(): Promise<void> {
    this.#calm = true;
    for (const timer of this.#leaving) clearTimeout(timer);
    await Promise.all(this.#servers.map((server) => server.stop()));
  }

  /** Something happens by which what was read lately may come again. */
  disturb(): void {
    for (const read of this.#reads) read.disturbed = true;
    this.#reads = [];
  }

  /** What is stored is lost: a group may be split until all know again where it was. */
  excuseAll(): void {
    for (const { address } of this.#servers) {
      for (const group of this.ledger.groupsOn(address)) this.ledger.excuse(group);
    }
  }

  async everyServerHeard(reports: number): Promise<void> {
    const before = this.#servers.map((server) => server.reports);
    while (this.#servers.some((server, i) => server.reports < before[i]! + reports)) await sleep(20);
  }

  /** A client asks where its room is, goes there after a while or not at all, stays, and leaves. */
  async #visit(): Promise<void> {
    const number = Math.floor(Math.random() * GROUPS);
    const group = `group ${generation()}.${number}`;
    const room = `{${group}} ${Math.floor(Math.random() * 3)}`;
    const granted = await this.#connect(room, `guest-${this.#guests++}`, this.#sign);
    if (typeof granted !== "object") return;
    this.ledger.granted(group, granted.address, granted.until);
    if (Math.random() < 0.2) return;
    const server = this.#byAddress.get(granted.address)!;
    const left = granted.until * 1000 - Date.now();
    this.#later(Math.random() ** 3 * left, () => {
      server.join(room);
      this.ledger.joined(group, server.address);
      this.#later(Math.random() * 3000, () => {
        server.leave(room);
        this.ledger.left(group, server.address);
      });
    });
  }

  /** A client of the customer with the tight licence, who goes where it is sent at once. */
  async #visitTight(): Promise<void> {
    const room = `${TIGHT.customer} ${generation()}.${Math.floor(Math.random() * TIGHT.rooms)}`;
    const granted = await this.#connect(room, `tight-${this.#guests++}`, this.#signTight);
    if (granted === PEER_LIMIT) this.counts.limited++;
    if (typeof granted !== "object") return;
    this.ledger.granted(room, granted.address, granted.until);
    const server = this.#byAddress.get(granted.address)!;
    server.join(room, TIGHT.customer);
    this.ledger.joined(room, server.address);
    const clients = this.#servers.reduce((sum, { rooms }) => sum + peersOf(rooms, TIGHT.customer), 0);
    if (clients > TIGHT.peers * (1 + this.#doors.mayExceedBy())) {
      this.ledger.faults.push(`${clients} clients by a licence for ${TIGHT.peers}`);
    }
    this.#later(Math.random() * 2000, () => {
      server.leave(room);
      this.ledger.left(room, server.address);
    });
  }

  /** @returns the code of a refusal; nothing where the gateway could not be asked. What nothing explains is a fault */
  async #connect(
    room: string,
    user: string,
    sign: (claims: object) => string,
  ): Promise<{ address: string; until: number } | number | undefined> {
    const token = sign({ rid: room, uid: user, sub: "connect" });
    const url = this.#doors.next();
    try {
      const answer = await this.#ask<{ address: string; token: string }>(url, "Connect", {}, token);
      const { exp } = JSON.parse(Buffer.from(answer.token.split(".")[1]!, "base64url").toString());
      return { address: answer.address, until: exp };
    } catch (error) {
      if (!(error instanceof CallError)) return undefined;
      if (error.code !== PEER_LIMIT && !this.#isUnavailable(error, url)) {
        this.ledger.faults.push(`Connect of ${user} to ${room} at ${url}: ${error.message}`);
      }
      return error.code;
    }
  }

  /** Calls, and gives up after a while. */
  async #ask<Result>(url: string, method: string, params: object, token: string): Promise<Result> {
    try {
      return await call<Result>(url, method, params, { token, signal: AbortSignal.timeout(PATIENCE) });
    } catch (error) {
      if (!(error instanceof CallError)) this.counts.unanswered++;
      throw error;
    }
  }

  /** Whether a gateway said that it cannot answer now, when that may be. */
  #isUnavailable(error: CallError, url: string): boolean {
    if (error.code !== UNAVAILABLE || !this.#doors.hasFailed(url)) return false;
    this.counts.unavailable++;
    return true;
  }

  /** An update or a message for a room that lives throughout. */
  async #manageHome(): Promise<void> {
    const room = homeOf(this.#servers[Math.floor(Math.random() * SERVERS)]!);
    const number = this.ledger.nextNumber();
    const bytes = bytesOf(number);
    if (Math.random() < 0.5) {
      await this.#manage(number, room, "RoomUpdate", { user_data: bytes });
    } else await this.#manage(number, room, "RoomSendMessage", { user_id: "everybody", message: bytes });
  }

  /** A room with somebody in it is closed. */
  async #closeRoom(): Promise<void> {
    const number = this.ledger.nextNumber();
    const room = `closing-${number}`;
    const granted = await this.#connect(room, "u", this.#sign);
    if (typeof granted !== "object") return;
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
    const number = this.ledger.nextNumber();
    const user = `banned-${number}`;
    const answer = await this.#manage(number, room, "RoomBanClient", { user_id: user, ban_time: 600 });
    if (answer !== "acknowledged") return;
    this.ledger.counts.bans++;
    this.#bans.push({ room, user, at: performance.now(), state: "banned" });
  }

  async #lift(ban: Ban): Promise<void> {
    ban.state = "unknown";
    const token = this.#sign({ rid: ban.room, uid: "backend", sub: "RoomBanClient" });
    const params = { room_id: ban.room, user_id: ban.user, ban_time: 0 };
    try {
      await this.#ask(this.#doors.next(), "RoomBanClient", params, token);
      if (this.alone) ban.state = "lifted"; // elsewhere it may take a moment
    } catch (error) {
      if (error instanceof CallError && error.code !== UNAVAILABLE) ban.state = "banned";
    }
  }

  async #manage(
    number: number,
    room: string,
    kind: "RoomClose" | "RoomUpdate" | "RoomBanClient" | "RoomSendMessage",
    params: object,
  ): Promise<Answer> {
    const token = this.#sign({ rid: room, uid: "backend", sub: kind });
    const url = this.#doors.next();
    this.ledger.ask(number, room, kind);
    let answer: Answer = "acknowledged";
    let why = "";
    try {
      await this.#ask(url, kind, { room_id: room, ...params }, token);
    } catch (error) {
      // Of what could not be answered it is not known whether it was done.
      answer = error instanceof CallError && !this.#isUnavailable(error, url) ? "refused" : "none";
      why = `${error} by ${url}`;
    }
    this.ledger.answered(number, answer, why);
    return answer;
  }

  /** The latest bans, and some of the earlier ones, must be in force everywhere, but for those that were lifted. */
  async tryBans(): Promise<void> {
    const old = performance.now() - (this.alone ? 0 : BAN_HOLDS_AFTER);
    const bans = this.#bans.filter(({ at }) => at <= old);
    const some = Array.from(
      { length: Math.min(BANS_TRIED, bans.length) },
      (_, i) => i % 2 === 0 ? bans.at(-1 - i)! : bans[Math.floor(Math.random() * bans.length)]!,
    );
    for (const ban of some) {
      for (const url of this.#doors.sound()) await this.#tryBan(ban, url);
    }
  }

  async #tryBan(ban: Ban, url: string): Promise<void> {
    const { room, user, state } = ban;
    if (state === "unknown") return;
    const token = this.#sign({ rid: room, uid: user, sub: "connect" });
    let code: number | undefined = 0;
    try {
      await this.#ask(url, "Connect", {}, token);
    } catch (error) {
      if (!(error instanceof CallError)) return;
      code = error.code;
    }
    // Either may have changed meanwhile.
    if (ban.state !== state || code === UNAVAILABLE || !this.#doors.sound().includes(url)) return;
    this.counts.bansTried++;
    if ((code === BANNED) !== (state === "banned")) {
      this.ledger.faults.push(`${user} is ${state} in ${room}, and got ${code} at ${url}`);
    }
  }

  /** In the end all gateways know of the same rooms on the same servers. */
  async #compare(): Promise<void> {
    const answers = await Promise.all(
      this.#doors.sound().map(async (url) => {
        const all = this.#servers.map(async (server) => {
          const room = homeOf(server);
          const token = this.#sign({ rid: room, uid: "somebody", sub: "connect" });
          const { address } = await this.#ask<{ address: string }>(url, "Connect", {}, token);
          return `${room} at ${address}`;
        });
        return (await Promise.all(all)).join(", ");
      }),
    );
    for (const answer of answers) {
      if (answer !== answers[0]) this.ledger.faults.push(`gateways differ: ${answer}; ${answers[0]}`);
    }
  }

  #seen(line: Line): Line {
    const read = new Read(line);
    read.disturbed = this.#doors.mayComeAgain();
    this.#reads = this.#reads.filter(({ at }) => read.at - at < SETTLED);
    this.#reads.push(read);
    return read;
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

/** A part of the names of groups that changes with time. */
function generation(): number {
  return Math.floor(performance.now() / GROUPS_FOR);
}

function peersOf(rooms: CarelessServer["rooms"], of: string): number {
  return rooms.values().reduce((sum, { peers, customer }) => customer === of ? sum + peers : sum, 0);
}

/** The room of a server that lives throughout. */
function homeOf(server: CarelessServer): string {
  return `home of ${server.address}`;
}

import type { Milliseconds, RoomId, Task } from "../../src/fleet/mod.ts";
import { bytesOf } from "../ledger.ts";
import type { ConnectResult, Connects } from "./connects.ts";
import { POOLS, UNLIMITED } from "./guests.ts";
import type { Host } from "./host.ts";
import type { Plans } from "./plans.ts";
import { pick, type Surroundings } from "./surroundings.ts";
import type { ToldReports } from "./told_reports.ts";

/** Bans that are to outlast everything, in seconds: more than all jumps of a wall clock come to that nobody could follow. */
const LONG = 86_400;

/** Bans that are to end meanwhile, in seconds. */
const BRIEF = 5;

/** A ban is looked at so long before its end, and after it: its call takes a while, and so does the one that looks. */
const AROUND: Milliseconds = 700;

interface Ban {
  readonly room: string;
  readonly user: string;
  state: "banned" | "lifted" | "unknown";
  /** Since when that is known. */
  since: Milliseconds;
}

/** Backends of a customer: they update rooms and send messages, ban users and lift bans, and close rooms. */
export class Backends {
  readonly #world: Surroundings;
  readonly #connects: Connects;
  readonly #plans: Plans;
  readonly #told: ToldReports;
  readonly #bans = new Map<string, Ban>();
  /** Changes when it is not certain any more when what is stored ends. */
  readonly #doubts: () => number;

  constructor(
    world: Surroundings,
    connects: Connects,
    plans: Plans,
    told: ToldReports,
    doubts: () => number,
  ) {
    this.#world = world;
    this.#plans = plans;
    this.#told = told;
    this.#connects = connects;
    this.#doubts = doubts;
  }

  start(): void {
    this.#world.repeat(100, () => this.#manage());
    this.#world.repeat(150, () => this.#ban());
    this.#world.repeat(100, () => this.#tryBan());
    this.#world.repeat(400, () => this.#banBriefly());
    this.#world.repeat(1500, () => this.#closeRoom());
  }

  tryAllBans(): void {
    for (const ban of this.#bans.values()) this.#tryBan(ban);
  }

  #home(): string {
    return pick(this.#world.chance, this.#world.servers).home;
  }

  /** An update or a message for a room that lives throughout. */
  #manage(): void {
    const room = this.#home();
    const number = this.#world.ledger.nextNumber();
    const bytes = bytesOf(number);
    const id: RoomId = ["acme", room];
    this.#ask(
      number,
      room,
      this.#world.chance.random() < 0.5
        ? { task: "RoomUpdate", id, user_data: bytes }
        : { task: "RoomSendMessage", id, user_id: "everybody", message: bytes },
    );
  }

  #ask(
    number: number,
    room: string,
    task: Task,
    banTime?: Milliseconds,
    told?: (accepted: boolean) => void,
  ): void {
    const { ledger } = this.#world;
    ledger.ask(number, room, task.task);
    this.#world.call(async (host) => {
      // A ban of a room that no server is known to have is recorded, without a task; it may have ended meanwhile.
      const isKnown = () =>
        this.#told.has(host, room) ||
        host.gateway.inspect(({ groups }) => groups.room(task.id)) !== undefined;
      const before = isKnown();
      const outcome = await host.gateway.manage({ task, banTime, customer: "acme" });
      return { isKnown: before && isKnown(), outcome };
    }, ({ isKnown, outcome }) => {
      const accepted = outcome === "accepted";
      ledger.answered(number, accepted ? isKnown ? "acknowledged" : "none" : "refused");
      told?.(accepted);
    });
  }

  #ban(): void {
    const { chance, ledger } = this.#world;
    const room = this.#home();
    const inForce = [...this.#bans.values()].filter(({ state }) => state === "banned");
    const lifts = chance.random() < 0.2 && inForce.length > 0;
    const known = lifts ? pick(chance, inForce) : undefined;
    const number = ledger.nextNumber();
    const ban: Ban = known ?? { room, user: `banned-${number}`, state: "unknown", since: -Infinity };
    const before = ban.state;
    ban.state = "unknown";
    this.#bans.set(ban.user, ban);
    const task = banTask(ban.room, ban.user, lifts ? 0 : LONG);
    // A lift is a task for a user whose name carries another number: it is not followed up.
    const told = (accepted: boolean) => {
      if (this.#bans.get(ban.user) !== ban) return;
      ban.state = accepted ? lifts ? "lifted" : "banned" : before;
      ban.since = this.#world.clock.now;
    };
    if (!lifts) return this.#ask(number, ban.room, task, LONG * 1000, told);
    this.#world.call(
      ({ gateway }) => gateway.manage({ task, banTime: 0, customer: "acme" }),
      (outcome) => told(outcome === "accepted"),
    );
  }

  /** A ban holds; one that was lifted, or refused, does not. */
  #tryBan(
    ban = this.#bans.size === 0 ? undefined : pick(this.#world.chance, [...this.#bans.values()]),
  ): void {
    if (ban === undefined || ban.state === "unknown") return;
    if (this.#world.clock.now - ban.since < this.#world.untilAllKnow) return;
    const { state } = ban;
    this.#try(ban.room, ban.user, (banned, outcome) => {
      if (ban.state !== state) return; // it has changed meanwhile
      if (banned === (state === "banned")) return;
      this.#world.ledger.faults.push(
        `${ban.user} is ${state}, and a Connect says ${JSON.stringify(outcome)}`,
      );
    });
  }

  /** A ban ends when it is to, however the wall clock is set meanwhile. */
  #banBriefly(): void {
    const { ledger, clock } = this.#world;
    const room = this.#home();
    const number = ledger.nextNumber();
    const user = `brief-${number}`;
    const asked = clock.now;
    const doubts = this.#doubts();
    const look = (at: Milliseconds, expected: boolean) =>
      clock.after(at - clock.now, () =>
        this.#try(room, user, (banned, outcome) => {
          if (banned === expected || this.#doubts() !== doubts) return;
          const state = expected ? "is banned" : "was banned until a moment ago";
          ledger.faults.push(`${user} ${state}, and a Connect says ${JSON.stringify(outcome)}`);
        }, at + AROUND / 2));
    this.#ask(number, room, banTask(room, user, BRIEF), BRIEF * 1000, (accepted) => {
      if (!accepted) return;
      const { untilAllKnow } = this.#world;
      if (clock.now + untilAllKnow <= asked + BRIEF * 1000 - AROUND) {
        look(asked + BRIEF * 1000 - AROUND, true);
      }
      look(clock.now + BRIEF * 1000 + AROUND, false);
    });
  }

  /** @param by an answer that is made later says nothing */
  #try(
    room: string,
    user: string,
    told: (banned: boolean, outcome: ConnectResult) => void,
    by: Milliseconds = Infinity,
  ): void {
    this.#connect(room, user, (outcome, madeAt, host) => {
      if (!host.isInTouch) return; // what was banned meanwhile it does not know
      // Whether it is banned was not looked at, or the gateway stood still for a while.
      if (!outcome.granted && (outcome.reason === "not-durable" || outcome.reason === "no-server")) return;
      if (madeAt <= by) told(!outcome.granted && outcome.reason === "banned", outcome);
    });
  }

  #connect(
    room: string,
    user: string,
    answered: (outcome: ConnectResult, madeAt: Milliseconds, host: Host, until: Milliseconds) => void,
  ): void {
    const input = {
      customer: "acme",
      licence: UNLIMITED,
      namespace: "acme",
      rooms: [room],
      user,
      pool: POOLS[0],
    };
    this.#connects.ask(input, ({ outcome, host, madeAt, until }) => answered(outcome, madeAt, host, until));
  }

  /** A room with somebody in it is closed. */
  #closeRoom(): void {
    const { ledger, clock, servers } = this.#world;
    const number = ledger.nextNumber();
    const room = `closing-${number}`;
    this.#connect(room, "u", (outcome, _madeAt, _host, until) => {
      if (!outcome.granted) return;
      const server = servers.find(({ address }) => address === outcome.server)!;
      const { crashes } = server;
      if (!server.isUp) return;
      // It may be closed at once, or placed anew.
      if (!server.isHeard || this.#plans.mayEvict(server.address, clock.now)) ledger.excuse(room);
      const leave = server.join(room, "acme", () => ledger.left(room, server.address));
      if (leave === undefined) return;
      ledger.granted(room, server.address, until / 1000);
      ledger.joined(room, server.address);
      clock.after(3000, () => {
        if (server.crashes !== crashes) return;
        this.#ask(number, room, closeTask(room), 0);
      });
    });
  }
}

function banTask(room: string, user_id: string, secs: number): Task {
  return { task: "RoomBanClient", id: ["acme", room], user_id, ban_time: { secs, nanos: 0 } };
}

function closeTask(room: string): Task {
  return { task: "RoomClose", id: ["acme", room], ban_time: { secs: 0, nanos: 0 } };
}

import {
  type Address,
  type Change,
  type Count,
  type Explanation,
  groupName,
  type Licence,
  type Member,
  type Milliseconds,
  parseAddress,
  type Snapshot,
  type SnapshotPiece,
} from "../../fleet/mod.ts";
import {
  type Committed,
  type Edition,
  type Safety,
  type SharedStore,
  type Store,
  type StoredPlace,
  StoreError,
  type StoreOptions,
} from "../port.ts";
import { explanation, readChanges } from "./changes.ts";
import { argumentsOf, type Command, commandsOf, commandsOfCommit } from "./commands.ts";
import { Connection, DEADLINE } from "./connection.ts";
import { Fault } from "./fault.ts";
import { Follower, type Position, positionOf } from "./follower.ts";
import { HISTORY, MADE_DIGITS } from "./library.ts";
import { setShare } from "./licence_share.ts";
import { Outgoing } from "./outgoing.ts";
import { Replicas } from "./replicas.ts";
import { listOf, textOf, textsOf } from "./replies.ts";
import { load } from "./rows.ts";
import { type Identity, Session } from "./session.ts";
import type { Placed } from "./recent.ts";
import type { RedisSettings } from "./settings.ts";

/** What is put in at once, in changes. */
const OFFERED = 500;

/** What one gateway has made again that Redis had lost the others do not within this time, in milliseconds. */
const ASSERTED_FOR = 60_000;

/** So many reasons are told until the store can be used again. */
const REASONS = 10;

/** So much that cannot be read is told one by one. */
const TOLD = 1000;

/** How a text begins of which the newest counts: with the time at which it was made. */
const EDITION = new RegExp(`^(\\d{1,${MADE_DIGITS}})\n`);

/** What a store in Redis is opened with besides. */
export interface RedisOptions extends StoreOptions, Identity {
  /** Interval in which servers report: one hand-over of tasks lasts that long. */
  readonly reportInterval: () => Milliseconds;
}

/**
 * The store that several gateways share, in Redis (7.0 or later) or Valkey.
 *
 * One function call a commit checks and makes the changes and puts them into the log (`library.ts`); the log, followed by
 * each gateway, is the order of all. What this gateway sends is held in `outgoing.ts`, what it is told comes from
 * `follower.ts`, and that it counts as alive is the business of `session.ts`.
 */
export class RedisStore implements Store, SharedStore {
  readonly #settings: RedisSettings;
  readonly #options: RedisOptions;
  readonly #session: Session;
  readonly #replicas: Replicas;
  readonly #outgoing: Outgoing;
  #follower: Follower | undefined;
  #following = false;
  /** Why nothing can be committed now. */
  #fault: StoreError | undefined = new StoreError("the store is being opened");
  /** Why it has failed, as far as that was told, since it could be used last. */
  readonly #reasons = new Set<string>();
  #opened = false;
  #closed = false;
  #requests = 0;
  /** What cannot be read, and was told. */
  readonly #damaged = new Set<string>();

  /** @throws {StoreError} where Redis cannot be used, or the gateways that share it have other settings */
  static async open(settings: RedisSettings, options: RedisOptions): Promise<RedisStore> {
    const store = new RedisStore(settings, options);
    await store.#open();
    return store;
  }

  private constructor(settings: RedisSettings, options: RedisOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#outgoing = new Outgoing({
      send: (request, commits, safety) => this.#send(request, commits, safety),
      isTelling: () => this.#follower?.isTelling === true,
      late: () => {
        this.#fail(
          new Fault("late", `Redis at ${this.#session.address} has not answered within ${DEADLINE} ms`),
        );
        this.#session.drop();
      },
    }, () => `${this.#session.incarnation}.${++this.#requests}`);
    this.#session = new Session(settings, options, options.now, {
      up: () => this.#rise(),
      down: (error) => this.#fail(error),
      fenced: () => this.#follower?.suspect("told"),
      heard: (epoch, last, told) => {
        const position = this.#follower?.position;
        if (position !== undefined && (position.epoch !== epoch || last < told)) {
          this.#follower?.suspect("position");
        }
      },
      told: () => this.#follower?.position.last ?? 0,
    });
    this.#replicas = new Replicas({
      open: () => Connection.open(settings),
      prefix: settings.prefix,
      primary: () => this.#session.address,
    });
  }

  get shared(): SharedStore {
    return this;
  }

  get number(): number {
    return this.#session.number;
  }

  get missing(): number {
    return this.#session.missing;
  }

  get silence(): Milliseconds {
    return this.#follower?.silence ?? Infinity;
  }

  async *load(): AsyncGenerator<SnapshotPiece> {
    const end = this.#followed().beginLoading();
    try {
      const position = await this.#tail();
      const scan = (command: readonly string[]) => {
        if (this.#closed) throw new StoreError("the store was closed");
        return this.#session.call(command);
      };
      const { prefix } = this.#settings;
      const damaged = (what: string) => this.#options.damaged?.(what);
      const forget = (keys: readonly string[]) => this.#session.run("forget", keys);
      yield* load(scan, prefix, this.#session.clock, damaged, forget, this.#options.now());
      end?.(position);
    } finally {
      end?.();
    }
  }

  commit(changes: readonly Change[], safety: Safety): Promise<Committed> {
    const fault = this.#closed ? new StoreError("the store was closed") : this.#fault;
    if (fault !== undefined) return Promise.reject(fault);
    // What nobody waits for is told when everything is loaded.
    if (this.#follower?.isAstray === true && safety !== "soon") return Promise.reject(loadedAnew());
    return this.#outgoing.commit(changes, safety);
  }

  replace(): Promise<void> {
    return Promise.reject(
      new StoreError(
        "a store that several gateways share is not replaced by what one of them knows: offer it",
      ),
    );
  }

  async value(name: string): Promise<string | undefined> {
    const value = await this.#session.call(["GET", this.#keyOfValue(name)]);
    return value === null ? undefined : editionOf(textOf(value)).text;
  }

  async setValue(name: string, value: string): Promise<void> {
    await this.#session.call(["SET", this.#keyOfValue(name), value]);
  }

  get unixTime(): Milliseconds {
    return this.#session.clock.toUnixTime(this.#options.now());
  }

  get clockDifference(): Milliseconds {
    return this.#options.unixTime() - this.unixTime;
  }

  async newest(name: string, than: Milliseconds): Promise<Edition | undefined> {
    const [, value] = textsOf(await this.#session.run("newest", [name, String(than)]));
    return value === undefined ? undefined : editionOf(value);
  }

  async keepNewest(name: string, { text, made }: Edition): Promise<"put in" | "there" | "outdated"> {
    const time = String(Math.max(0, Math.round(made)));
    // Most often it is there: then the text, which may be long, is not sent.
    const [before, value] = textsOf(await this.#session.run("newest", [name, time]));
    if (value !== undefined) return "outdated";
    if (before === time) return "there";
    return await this.#session.run("keep", [name, time, text]) === 1 ? "put in" : "outdated";
  }

  async catchUp(): Promise<void> {
    try {
      await this.#catchUp();
    } catch (error) {
      if (this.#closed) throw error;
      // The connections may have ended while this process stood still: that says nothing of Redis.
      await this.#session.tried();
      await this.#follower?.tried();
      await this.#catchUp();
    }
  }

  async lookUp(namespace: string, rooms: readonly string[], user: string): Promise<StoredPlace> {
    const { prefix } = this.#settings;
    const group = JSON.stringify([namespace, groupName(rooms[0]!)]);
    const keys = rooms.flatMap((name) => ["", user].map((user) => JSON.stringify([namespace, name, user])));
    const [held, bans] = await Promise.all([
      this.#session.ask(["HGET", `${prefix}groups`, group]),
      this.#session.ask(["HMGET", `${prefix}bans`, ...keys]),
    ]);
    const [server = "", leave] = held === null ? [] : textOf(held).split("\n", 2);
    const now = this.#session.clock.toUnixTime(this.#options.now());
    return {
      server: server === "" || leave !== "" ? undefined : addressIn(server),
      banned: listOf(bans).some((ban) => ban !== null && Number(textOf(ban).split("\n", 1)[0]) > now),
    };
  }

  async offer(snapshot: Snapshot): Promise<void> {
    const meta = `${this.#settings.prefix}meta`;
    // Of what has ended since, nothing would tell any more.
    const isOld = this.silence > HISTORY;
    if (isOld && await this.#session.call(["HGET", meta, "offered"]) !== null) return;
    await this.#put(commandsOf(snapshot, this.#session.clock));
    if (!isOld) await this.#session.call(["HSET", meta, "offered", "1"]);
  }

  async claimHandOver(server: Address, id: number): Promise<boolean> {
    const interval = String(Math.round(this.#options.reportInterval()));
    const args = [JSON.stringify(server), String(id), interval];
    return await this.#session.runAsMember("claim", args) === 1;
  }

  async share(
    customer: string,
    wanted: Readonly<Count>,
    licence: Licence,
    reported: () => Readonly<Count>,
    lifetime: Milliseconds,
  ): Promise<Count> {
    // What it gives back may have been reported, and then the others have to be able to see the report.
    await this.#outgoing.flush();
    return await setShare(this.#session, this.#followed(), { customer, wanted, licence, reported, lifetime });
  }

  async lead(name: string, lifetime: Milliseconds, takes: boolean): Promise<boolean> {
    return await this.#session.runAsMember("lead", [name, String(Math.round(lifetime)), takes ? "1" : ""]) ===
      1;
  }

  async resign(name: string): Promise<void> {
    await this.#session.runAsMember("resign", [name]);
  }

  async explanation(namespace: string, group: string): Promise<Explanation | undefined> {
    await this.#outgoing.flush();
    const key = JSON.stringify([namespace, group]);
    const hash = `${this.#settings.prefix}explanations`;
    try {
      const kept = await this.#session.call(["HGET", hash, key]);
      return kept === null ? undefined : explanation.read(JSON.parse(textOf(kept)), this.#session.clock);
    } catch (error) {
      // It is only looked at: where it cannot be read there is none.
      if (error instanceof Fault && error.kind !== "refused") throw error;
      const { message } = error instanceof Error ? error : new Error(String(error), { cause: error });
      this.#tellDamaged(error instanceof Fault ? message : `${key} of ${hash} is left out: ${message}`);
      return undefined;
    }
  }

  async gateways(): Promise<readonly Member[]> {
    const [last, members] = await this.#session.gateways();
    const told = this.#followed().position.last;
    return members.map((member) => {
      const [number, version = "", place] = textsOf(member);
      const self = Number(number) === this.number;
      const position = self ? told : Number(place) || Number(last); // of what cannot be read there is no lag
      return { number: Number(number), version, position, lag: Math.max(0, Number(last) - position), self };
    }).toSorted((a, b) => a.number - b.number);
  }

  async close(): Promise<void> {
    this.#closed = true; // nothing more is committed
    if (this.#follower?.isAstray === true) this.#outgoing.fail(new StoreError("the store was closed"));
    await this.#outgoing.flush();
    this.#opened = false;
    await this.#follower?.close();
    await this.#replicas.close();
    await this.#session.close();
  }

  async #open(): Promise<void> {
    await this.#session.open();
    try {
      const position = await this.#tail();
      const ready = Promise.withResolvers<void>();
      this.#follower = new Follower({
        open: () => Connection.open(this.#settings),
        prefix: this.#settings.prefix,
        clock: this.#session.clock,
        batch: (request) => this.#outgoing.batch(request),
        answer: (batch) => this.#outgoing.answer(batch),
        others: this.#options.others,
        damaged: (what) => this.#options.damaged?.(what),
        unknown: (change) => this.#options.unknown?.(change),
        // What is on its way is in what is loaded, or comes after it: as if another gateway had done it.
        hold: () => this.#outgoing.hold(loadedAnew()),
        release: () => this.#outgoing.release(),
        astray: async (lost) => await this.#options.astray?.(lost),
        lost: (changes) => this.#assertAgain(changes),
        mustBeUp: () => {
          if (this.#session.fault !== undefined) throw this.#session.fault;
        },
        up: () => {
          this.#following = true;
          this.#rise();
          ready.resolve();
        },
        down: (error) => {
          this.#following = false;
          this.#fail(error);
          ready.reject(error);
        },
      }, position);
      this.#follower.start();
      await ready.promise;
      this.#opened = true;
    } catch (error) {
      await this.#follower?.close();
      await this.#session.close();
      throw error;
    }
  }

  async #catchUp(): Promise<void> {
    const { last } = await this.#tail();
    await this.#followed().upTo(last);
  }

  /** All that is stored so far, as a position. */
  async #tail(): Promise<Position> {
    return positionOf(await this.#session.run("tail"));
  }

  #followed(): Follower {
    if (this.#follower === undefined) throw this.#fault ?? new StoreError("the store was closed");
    return this.#follower;
  }

  async #send(
    request: string,
    commits: readonly (readonly Change[])[],
    safety: Safety,
  ): Promise<Committed[]> {
    const { clock, number } = this.#session;
    const now = this.#options.now();
    const commands = commits.map((changes) => commandsOfCommit(changes, clock, now, number));
    const [first, ...insteads] = await this.#commit(request, commands);
    for (const what of insteads.splice(commits.length)) this.#tellDamaged(what);
    let order = Number(first);
    const last = order + commands.reduce((sum, { length }) => sum + length, 0) - 1;
    // Nobody else waits for that, and the changes hold whatever comes of it.
    const unsafe = safety === "power" && this.#settings.replicas ? this.#replicas.have(last) : undefined;
    return commits.map((_, i) => {
      const { changes: instead, damaged } = readChanges(insteads[i] ?? "[]", clock);
      for (const what of damaged) this.#options.damaged?.(what);
      const committed = { instead, order, unsafe };
      order += commands[i]!.length;
      return committed;
    });
  }

  /** @returns the place of the first change, and what is told instead of each call's */
  async #commit(
    request: string,
    commits: readonly (readonly Command[])[],
  ): Promise<readonly string[]> {
    return textsOf(await this.#session.runAsMember("commit", [request, ...argumentsOf(commits)]));
  }

  /** Makes changes again that Redis has lost, but for those that another gateway has made again: what has come since is newer. */
  async #assertAgain(lost: readonly Placed[]): Promise<void> {
    const again: Change[] = [];
    for (let from = 0; from < lost.length; from += OFFERED) {
      const some = lost.slice(from, from + OFFERED);
      const args = [String(ASSERTED_FOR), ...some.flatMap(({ about, place }) => [about, String(place)])];
      const is = listOf(await this.#session.runAsMember("again", args));
      for (const [i, { change }] of some.entries()) if (is[i] === 1) again.push(change);
    }
    const { clock, number } = this.#session;
    await this.#put(commandsOfCommit(again, clock, this.#options.now(), number));
  }

  /** Puts in what the store lacks; told to all, this gateway included, as nobody waits for the request. */
  async #put(commands: Iterable<Command>): Promise<void> {
    const request = () => `${this.#session.incarnation}.${++this.#requests}`;
    let some: Command[] = [];
    for (const command of commands) {
      some.push(command);
      if (some.length < OFFERED) continue;
      await this.#commit(request(), [some]);
      some = [];
    }
    if (some.length > 0) await this.#commit(request(), [some]);
  }

  /** What is come upon again and again is told once. */
  #tellDamaged(what: string): void {
    if (this.#damaged.has(what) || this.#damaged.size >= TOLD) return;
    this.#damaged.add(what);
    this.#options.damaged?.(what);
  }

  #keyOfValue(name: string): string {
    return `${this.#settings.prefix}value:${name}`;
  }

  #rise(): void {
    if (this.#session.fault !== undefined || !this.#following) return;
    this.#fault = undefined;
    this.#reasons.clear();
  }

  #fail(error: StoreError): void {
    const first = this.#fault === undefined;
    this.#fault = error;
    this.#outgoing.fail(error);
    if (this.#opened) this.#follower?.suspect("told"); // what was refused has to be made up for
    if (!this.#opened || this.#reasons.has(error.message) || this.#reasons.size >= REASONS) return;
    this.#reasons.add(error.message);
    if (first) this.#options.failed(error);
    else this.#options.failsStill?.(error);
  }
}

/** The address that a text of JSON has; nothing where it has none. */
function addressIn(json: string): Address | undefined {
  try {
    return parseAddress(String(JSON.parse(json)));
  } catch {
    return undefined;
  }
}

/** Takes apart what is kept; what `setValue` has kept has no time. */
function editionOf(value: string): Edition {
  const [start = "", made] = EDITION.exec(value) ?? [];
  return { text: value.slice(start.length), made: Number(made ?? 0) };
}

function loadedAnew(): StoreError {
  return new StoreError("what the gateways share is being loaded anew");
}

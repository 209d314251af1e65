import { Cluster } from "../cluster.ts";
import { configSource } from "../program.ts";
import type { RedisProcess } from "../redis_process.ts";
import { Relay } from "../relay.ts";
import { sleep } from "../sleep.ts";
import { Load, NOWHERE } from "./load.ts";
import { type Excuse, Trouble } from "./trouble.ts";

/** Any that is at least 16 bytes long. */
const MASTER_KEY = "VGhpcyBpcyBhIHN1cGVyIHNlY3JldCBtYXN0ZXIga2V5IQ==";

/** Milliseconds after a fault until nothing may be seen of it any more. */
const HEALS = { start: 6000, wake: 1000, redis: 5000, line: 4000, loss: 8000 };

/** Milliseconds from a fault to the next. */
const PAUSE = [500, 3000] as const;

/** Milliseconds that the gateways have in the end, before everything must be as if nothing had happened. */
const CALM = 8000;

/** What a storm over several gateways is. */
export interface SeveralOptions {
  readonly gateways: number;
  /** Milliseconds of faults; a round of one fault of each kind is always finished. */
  readonly duration: number;
  /** A part of the names of the faults that are done; if absent, all are. */
  readonly only?: string | undefined;
  /** Told of each fault as it is done, and of each promise as it is broken. */
  readonly told: (what: string) => void;
}

/** What it has shown. */
export interface SeveralOutcome {
  /** Faults of each kind that were done. */
  readonly done: Readonly<Record<string, number>>;
  /** Times that a gateway could not answer though it had no fault. */
  readonly ownFailures: number;
  /** Promises that were broken. */
  readonly faults: readonly string[];
  readonly counts: Load["ledger"]["counts"] & Load["counts"];
}

/**
 * Several gateways over one Redis, all of which are killed, stopped and cut off by chance, under a load that notes what they
 * promise and holds them to it.
 */
export class SeveralStorm {
  readonly #load: Load;
  readonly #trouble: Trouble;
  readonly #relays: readonly Relay[];
  readonly #redis: RedisProcess;
  readonly #began = performance.now();
  readonly #done: Record<string, number> = {};
  readonly #all: readonly number[];
  /** Those that run, and that a balancer sends nobody to all the same, since they do not answer it. */
  readonly #stopped = new Set<number>();
  #cluster: Cluster | undefined;
  #ownFailures = 0;

  constructor(readonly folder: string, redis: RedisProcess, readonly options: SeveralOptions) {
    this.#redis = redis;
    this.#all = Array.from({ length: options.gateways }, (_, i) => i);
    this.#relays = this.#all.map(() => new Relay(() => [redis.port]));
    this.#trouble = new Trouble(options.gateways, () => performance.now());
    const numberOf = (url: string) => this.#all.find((i) => this.#cluster?.at(i)?.url === url);
    const its = (url: string, what: (gateway: number) => boolean) => {
      const gateway = numberOf(url);
      return gateway === undefined || what(gateway);
    };
    this.#load = new Load({
      next: () => pick(this.#running()),
      sound: () => this.#running().filter((url) => !its(url, (i) => this.#trouble.isFailing(i))),
      hasFailed: (url) => {
        const gateway = numberOf(url);
        if (gateway !== undefined && !this.#trouble.isFailing(gateway)) this.#failedItself(gateway);
        return true;
      },
      mayExceedBy: () => this.#trouble.excuses("exceeds by a part") ? 1 / options.gateways : 0,
      mayComeAgain: () => this.#trouble.excuses("comes again"),
    }, false);
  }

  async run(): Promise<SeveralOutcome> {
    this.#cluster = await Cluster.start({
      gateways: this.options.gateways,
      config: configSource({
        ...this.#load.config,
        masterKey: MASTER_KEY,
        operations: { hostname: "127.0.0.1", port: 0 },
      }),
      folder: this.folder,
      redis: (gateway) => `redis://127.0.0.1:${this.#relays[gateway]!.port}`,
    });
    for (const i of this.#all) this.#tell(`gateway ${i} is ${this.#cluster.at(i)!.url}`);
    this.#trouble.end(this.#all, HEALS.start, "comes again");
    await this.#load.start();
    const { faults } = this.#load.ledger;
    let told = 0;
    const tellFaults = () => {
      for (; told < faults.length; told++) this.#tell(`✗ ${faults[told]}`);
    };
    const telling = setInterval(tellFaults, 50);
    const end = performance.now() + this.options.duration;
    do {
      await sleep(PAUSE[0]);
      for (const [name, fault] of this.#round()) {
        await sleep(between(...PAUSE));
        await fault();
        this.#done[name] = (this.#done[name] ?? 0) + 1;
        await this.#load.tryBans();
      }
    } while (performance.now() < end);
    this.#tell("no further faults");
    await sleep(CALM);
    await this.#load.end();
    clearInterval(telling);
    tellFaults();
    return {
      done: this.#done,
      ownFailures: this.#ownFailures,
      faults,
      counts: { ...this.#load.ledger.counts, ...this.#load.counts },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load.abandon();
    for (const i of this.#all) await this.#cluster?.kill(i);
    for (const relay of this.#relays) relay[Symbol.dispose]();
  }

  /** All that is to be done once, in an order by chance. */
  #round(): [string, () => Promise<void>][] {
    const { only = "" } = this.options;
    return shuffled(Object.entries(this.#faults()).filter(([name]) => name.includes(only)));
  }

  /** What can be done, each to a gateway that is chosen by chance, or to Redis. */
  #faults(): Readonly<Record<string, () => Promise<void>>> {
    return {
      "kill -9 of a gateway": () => this.#kill(pick(this.#all)),
      "SIGSTOP of a gateway": () => this.#stop(pick(this.#all), between(300, 5000)),
      "kill -9 of Redis": () => this.#killRedis(between(100, 3000)),
      "line to Redis cut": () => this.#cut(pick(this.#all)),
      "line to Redis holds everything back": () => this.#hold(pick(this.#all), between(300, 4000)),
      "line to Redis loses everything": () => this.#lose(pick(this.#all), between(300, 5000)),
      "line to Redis slow": () => this.#delay(pick(this.#all), between(20, 150)),
      "log trimmed": () => this.#trim(),
      "all of Redis lost": () => this.#flush(),
    };
  }

  async #kill(gateway: number): Promise<void> {
    const away = between(100, 4000);
    this.#tell(`kill -9 of gateway ${gateway}, for ${seconds(away)}`);
    await this.#during([gateway], ["comes again"], HEALS.start, async () => {
      await this.#cluster!.kill(gateway);
      await sleep(away);
      await this.#cluster!.start(gateway);
    });
  }

  async #stop(gateway: number, time: number): Promise<void> {
    this.#tell(`SIGSTOP of gateway ${gateway}, for ${seconds(time)}`);
    await this.#during([gateway], ["comes again"], HEALS.wake, async () => {
      const program = this.#cluster!.at(gateway)!;
      this.#stopped.add(gateway);
      program.kill("SIGSTOP");
      await sleep(time);
      program.kill("SIGCONT");
      this.#stopped.delete(gateway);
    });
  }

  async #killRedis(away: number): Promise<void> {
    this.#tell(`kill -9 of Redis, for ${seconds(away)}`);
    await this.#during(this.#all, ["comes again"], HEALS.redis, async () => {
      await this.#redis.kill();
      await sleep(away);
      await this.#redis.start();
    });
  }

  async #cut(gateway: number): Promise<void> {
    this.#tell(`all connections of gateway ${gateway} to Redis break`);
    await this.#disturb(gateway, (line) => line.cut());
  }

  async #hold(gateway: number, time: number): Promise<void> {
    this.#tell(`the line of gateway ${gateway} to Redis holds back everything for ${seconds(time)}`);
    await this.#disturb(gateway, async (line) => {
      line.passing = "holds";
      await sleep(time);
      line.passing = "passes";
    });
  }

  async #lose(gateway: number, time: number): Promise<void> {
    this.#tell(`the line of gateway ${gateway} to Redis loses everything for ${seconds(time)}`);
    await this.#disturb(gateway, async (line) => {
      line.passing = "loses";
      await sleep(time);
      line.cut();
      line.passing = "passes";
    });
  }

  async #delay(gateway: number, delay: number): Promise<void> {
    this.#tell(`everything between gateway ${gateway} and Redis takes ${Math.round(delay)} ms longer`);
    await this.#during([gateway], [], HEALS.line, async () => {
      this.#relays[gateway]!.delay = delay;
      await sleep(3000);
      this.#relays[gateway]!.delay = 0;
    });
  }

  async #trim(): Promise<void> {
    this.#tell("the log is trimmed to nothing");
    await this.#during(
      this.#all,
      [],
      HEALS.line,
      () => this.#redis.ask("XTRIM {odin}:log MAXLEN 0"),
    );
  }

  async #flush(): Promise<void> {
    this.#tell("FLUSHALL of Redis");
    await this.#during(this.#all, ["comes again"], HEALS.loss, async () => {
      this.#load.excuseAll();
      await this.#redis.ask("FLUSHALL");
    });
  }

  /** A gateway may not hear for a while what others do: it lets in its part of a licence, of which they may let in all. */
  async #disturb(gateway: number, fault: (line: Relay) => void | Promise<void>): Promise<void> {
    const excuses: Excuse[] = ["exceeds by a part", "comes again"];
    await this.#during([gateway], excuses, HEALS.line, () => fault(this.#relays[gateway]!));
  }

  /** Does what these gateways suffer from, and excuses them from its beginning until it has healed. */
  async #during(
    gateways: readonly number[],
    excuses: readonly Excuse[],
    heals: number,
    fault: () => unknown,
  ): Promise<void> {
    this.#trouble.begin(gateways, ...excuses);
    this.#load.disturb();
    await fault();
    this.#trouble.end(gateways, heals, ...excuses);
  }

  /** On a machine that is busy Redis may be too late for a gateway without any fault: what is told of it is counted. */
  #failedItself(gateway: number): void {
    this.#tell(`gateway ${gateway} cannot answer, without a fault of this storm's`);
    this.#ownFailures++;
    this.#trouble.end([gateway], HEALS.line, "comes again");
    this.#load.disturb();
  }

  /** Where those listen that a balancer sends somebody to. */
  #running(): string[] {
    const urls = this.#all.flatMap((i) => {
      const program = this.#cluster?.at(i);
      return program === undefined || this.#stopped.has(i) ? [] : [program.url];
    });
    return urls.length === 0 ? [NOWHERE] : urls;
  }

  #tell(what: string): void {
    this.options.told(`${seconds(performance.now() - this.#began)}: ${what}`);
  }
}

function pick<Each>(all: readonly Each[]): Each {
  return all[Math.floor(Math.random() * all.length)]!;
}

function shuffled<Each>(all: readonly Each[]): Each[] {
  return all.map((each) => [Math.random(), each] as const).toSorted(([a], [b]) => a - b).map(([, each]) =>
    each
  );
}

function between(least: number, most: number): number {
  return least + Math.random() * (most - least);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

import {
  type Address,
  appeared,
  type Ban,
  type Change,
  isStored,
  type LearnedKind,
  type LearnedName,
  type QueuedTask,
  type Snapshot,
  type StoredChange,
} from "../../fleet/mod.ts";
import { ALL, PLANNED, REPORTED, valuesOf } from "./server_fields.ts";
import type { Statements } from "./statements.ts";
import { toColumn } from "./text.ts";

/** Writes rows; to be used within a transaction. */
export class RowWriter {
  readonly #statements: Statements;
  readonly #now: number;
  readonly #offset: number;

  /**
   * @param unixTime now, in milliseconds
   * @param now the same moment on the clock of the model
   */
  constructor(statements: Statements, readonly unixTime: number, now: number) {
    this.#statements = statements;
    this.#now = now;
    this.#offset = unixTime - now;
  }

  /** @returns where groups are that somebody else was first to place */
  apply(changes: readonly Change[]): Change[] {
    const instead: Change[] = [];
    for (const change of changes) {
      if (isStored(change)) this.#applyOne(change, instead);
    }
    return instead;
  }

  /** Bans that had ended before stay: the wall clock may be wrong, and they not have ended at all. */
  replace(snapshot: Snapshot): void {
    const { clear, server, placement, ban } = this.#statements;
    clear.forEach((statement) => statement.run());
    ban.clear.run(this.unixTime);
    for (const each of snapshot.servers) server.put.run(...valuesOf(ALL, each, this.#toUnixTime));
    for (const kind of snapshot.kinds) this.#learn(kind);
    for (const name of snapshot.names) this.#learnName(name);
    for (const { namespace, group, server } of snapshot.placements) {
      placement.put.run(toColumn(namespace), toColumn(group), server);
    }
    for (const { namespace, name, customer, listed } of snapshot.rooms) {
      this.#room(namespace, name, customer, listed);
    }
    for (const ban of snapshot.bans) this.#ban(ban);
    for (const { server, task } of snapshot.tasks) this.#task(server, task);
  }

  #applyOne(change: StoredChange, instead: Change[]): void {
    const { server, placement, room, ban, task } = this.#statements;
    switch (change.type) {
      case "server-appeared":
        return void server.put.run(...valuesOf(ALL, appeared(change, this.#now), this.#toUnixTime));
      case "server-reported": {
        const reported = { ...change, enabled: true };
        return void server.report.run(...valuesOf(REPORTED, reported, this.#toUnixTime), change.server);
      }
      case "server-planned":
        return void server.plan.run(...valuesOf(PLANNED, change, this.#toUnixTime), change.server);
      case "kind-learned":
        return this.#learn(change.kind);
      case "name-learned":
        return this.#learnName(change.name);
      case "server-disabled":
        return void server.enable.run(
          ...valuesOf(["enabled"], { enabled: false }, this.#toUnixTime),
          change.server,
        );
      case "server-removed":
        return void server.remove.run(change.server);
      case "group-placed": {
        const { namespace, group } = change;
        const names = [toColumn(namespace), toColumn(group)] as const;
        const holder = placement.get.get(...names)?.server as Address | undefined;
        if (holder === undefined || holder === change.from || holder === change.server) {
          placement.put.run(...names, change.server);
        } else instead.push({ type: "group-placed", namespace, group, server: holder });
        return;
      }
      case "group-released":
        return void placement.remove.run(toColumn(change.namespace), toColumn(change.group));
      case "room-opened":
      case "room-changed":
        return this.#room(...change.room, change.customer, change.listed);
      case "room-closed":
        return void room.remove.run(toColumn(change.room[0]), toColumn(change.room[1]));
      case "banned":
        return this.#ban(change.ban);
      case "ban-ended": {
        const { room: [namespace, name], user = "" } = change.ban;
        return void ban.remove.run(toColumn(namespace), toColumn(name), toColumn(user));
      }
      case "task-queued":
        return this.#task(change.server, change.task);
      case "task-ended":
        return void task.remove.run(change.sequence);
      default:
        change satisfies never;
    }
  }

  #learn({ namespace, template, sizes }: LearnedKind): void {
    const { kind } = this.#statements;
    const names = [toColumn(namespace), toColumn(template)] as const;
    if (sizes === undefined) {
      kind.remove.run(...names);
      return;
    }
    const { at, ...learned } = sizes;
    kind.put.run(...names, JSON.stringify(learned), this.#toUnixTime(at));
  }

  #learnName({ high, low, known }: LearnedName): void {
    const { name } = this.#statements;
    if (known === undefined) name.remove.run(high, low);
    else name.put.run(high, low, known.count, known.size, known.fillTime, this.#toUnixTime(known.at));
  }

  #room(namespace: string, name: string, customer: string, listed: boolean): void {
    this.#statements.room.put.run(toColumn(namespace), toColumn(name), toColumn(customer), listed ? 1 : 0);
  }

  #ban({ room: [namespace, name], user = "", until, customer, by }: Ban): void {
    const optional = (text: string | undefined) => text === undefined ? null : toColumn(text);
    this.#statements.ban.put.run(
      toColumn(namespace),
      toColumn(name),
      toColumn(user),
      this.#toUnixTime(until),
      optional(customer),
      optional(by),
    );
  }

  #task(server: Address, { sequence, json, expires, customer }: QueuedTask): void {
    this.#statements.task.put.run(sequence, server, json, this.#toUnixTime(expires), toColumn(customer));
  }

  readonly #toUnixTime = (time: number): number => Math.round(time + this.#offset);
}

import { log } from "./log.ts";

/** A server that goes on doing what it should not is complained of once in this time, in milliseconds. */
const COMPLAIN_AFTER = 60_000;

/** Servers that are remembered; with more, the oldest complaint is forgotten and made again. */
const REMEMBERED = 10_000;

/** Warnings about what servers send, one a minute for each of them: a fault of a server is in every report of it. */
export class Complaints {
  readonly #last = new Map<string, { at: number; since: number }>();

  constructor(readonly now: () => number = () => performance.now()) {}

  about(server: string, what: string): void {
    const last = this.#last.get(server);
    const now = this.now();
    if (last !== undefined && now - last.at < COMPLAIN_AFTER) {
      last.since++;
      return;
    }
    const more = last === undefined || last.since === 0 ? "" : ` (and in ${last.since} reports before)`;
    log.warning("server {server}: {what}{more}", { server, what, more });
    if (last === undefined && this.#last.size >= REMEMBERED) {
      const [oldest] = this.#last.keys();
      this.#last.delete(oldest!);
    }
    this.#last.delete(server);
    this.#last.set(server, { at: now, since: 0 });
  }
}

import type { Customers } from "../customers/customers.ts";
import type { Listener } from "../edge/http/listener.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Gate } from "../edge/gate.ts";
import type { Handler } from "../edge/http/message.ts";
import { ChangeNotes } from "../gateway/change_notes.ts";
import type { Observers } from "../gateway/observers.ts";
import type { Ports, Released } from "../hand_over/lines.ts";
import { offerHandOver, type Replaceable } from "../hand_over/offer.ts";
import { listenForPassed, type Place } from "../hand_over/passed.ts";
import type { Sockets } from "../hand_over/sockets.ts";
import { log } from "../ops/log.ts";
import { StoreError } from "../store/port.ts";
import type { RunningWebhooks } from "./webhooks.ts";

/** The data folder of a gateway that can be replaced by another process. */
export interface SharedFolder {
  readonly sockets: Sockets;
  /** Ports that the process had which this one has replaced, if it has. */
  ports(): Ports | undefined;
  /**
   * Takes the place of a process that still has the folder, which the one with its store in there has done already.
   *
   * @throws {StartError} where that one does not give it up
   */
  takeOver(): Promise<void>;
  /** The folder is another process's from now on. */
  release(): void;
  /** @throws {StoreError} where another process has it */
  take(): void;
  /** The other process answers, and nobody is connected to this one any more. */
  left(): void;
}

/** What is handed over. */
export interface HandOverParts {
  readonly gateway: Gateway;
  readonly observers: Observers;
  readonly customers: Customers;
  readonly webhooks: RunningWebhooks;
  readonly gate: Gate;
  /** What answers the requests that another process passes on. */
  readonly handlers: Readonly<Record<Place, Handler>>;
  main(): Listener;
  operations(): Listener | undefined;
  /** Ends answers that go on, so that those who listen come again, and to the other process. */
  endStreams(): void;
  /** Milliseconds that connections may stay open without a request. */
  idleTimeout(): number;
}

/** Why nothing is handed over that is in this process alone. */
const NOT_WRITTEN = "its store cannot be written now";

/** Why nothing is handed over of which the other process has read what counts no more. */
const WRITTEN_ANEW = "its data folder was written anew meanwhile; try again";

/** Calls that are under way get so long to end, in milliseconds. */
const HOLD_WITHIN = 5000;

/** A folder that the other process should have given back is tried again after so many milliseconds, for so long. */
const TAKE_BACK = { after: 20, forAtMost: 10_000 };

/** Time beyond the longest idle time after which connections that are still open are closed, in milliseconds. */
const LINGER = 10_000;

/** This process as one that can be replaced: waits for the one that does, and for requests that another passes on. */
export class HandOver implements Replaceable {
  #stop: (() => void)[] = [];
  /** Which sockets are those of this process. */
  #sockets = "";
  #ends = false;
  /** What changes in the data folder while another process reads it. */
  readonly #notes = new ChangeNotes();

  constructor(readonly folder: SharedFolder, readonly parts: HandOverParts) {
    parts.observers.add(this.#notes);
  }

  /** Listens in the data folder, which this process has. Where that cannot be, it cannot be replaced, and runs all the same. */
  async listen(): Promise<void> {
    const { sockets: { control, requests } } = this.folder;
    try {
      this.#stop.push(await listenForPassed(requests, this.parts.handlers));
      this.#stop.push(await offerHandOver(control, this));
      this.#sockets = this.#socketsNow();
    } catch (error) {
      this.stop();
      const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
      log.info("no process can take over from this one (--take-over): {reason}", { reason });
    }
  }

  /** This process stops: nobody takes over from it any more. Who has asked already sees it end. */
  end(): void {
    this.#ends = true;
    this.stop();
  }

  /** No longer listens in the data folder. */
  stop(): void {
    for (const stop of this.#stop) stop();
    this.#stop = [];
  }

  async prepare(): Promise<string | undefined> {
    await this.#unlessItEnds();
    this.#notes.begin();
    try {
      await this.parts.gateway.store.commit([], "process"); // with all that came before
      return undefined;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return NOT_WRITTEN;
    }
  }

  forget(): void {
    this.#notes.end();
  }

  async release(): Promise<Released | string> {
    await this.#unlessItEnds();
    const { gateway, customers, webhooks, gate, main, operations } = this.parts;
    if (!gateway.condition.storable) return NOT_WRITTEN;
    if (this.#notes.changes() === "all") return WRITTEN_ANEW;
    if (!await gate.close(HOLD_WITHIN)) return `calls are still under way after ${HOLD_WITHIN / 1000} s`;
    customers.stop();
    await gateway.release();
    webhooks.stop();
    this.folder.release();
    const changed = this.#notes.changes();
    if (!gateway.condition.storable || changed === "all") {
      await this.resume(); // what could not be written is in this process alone
      return changed === "all" ? WRITTEN_ANEW : NOT_WRITTEN;
    }
    const operationsPort = operations()?.port;
    const ports = {
      main: main().port,
      ...(operationsPort === undefined ? {} : { operations: operationsPort }),
    };
    return { released: ports, changed };
  }

  async resume(): Promise<void> {
    const { gateway, customers, webhooks, gate } = this.parts;
    const since = performance.now();
    while (true) {
      try {
        this.folder.take();
        await gateway.resume();
        break;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        if (performance.now() - since > TAKE_BACK.forAtMost) {
          log.error("the data folder cannot be taken back, so this process ends: {message}", {
            message: error.message,
          });
          return this.leave();
        }
        await new Promise((resolve) => setTimeout(resolve, TAKE_BACK.after));
      }
    }
    if (this.#sockets !== this.#socketsNow()) {
      this.stop(); // the other process has put its own in their place
      await this.listen();
    }
    try {
      customers.resume();
      webhooks.resume();
    } finally {
      gate.open(); // whatever comes of those: callers wait
    }
  }

  /** Never resolves once this process stops. */
  async #unlessItEnds(): Promise<void> {
    if (this.#ends) await new Promise(() => {});
  }

  #socketsNow(): string {
    const { control, requests } = this.folder.sockets;
    try {
      return [control, requests].map((path) => Deno.lstatSync(path).ino).join();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return "none";
    }
  }

  leave(): void {
    const { gate, main, operations, endStreams, idleTimeout } = this.parts;
    gate.move();
    endStreams();
    const within = idleTimeout() + LINGER;
    Promise.all([main().leave(within), operations()?.leave(within)])
      .then(() => this.folder.left());
  }
}

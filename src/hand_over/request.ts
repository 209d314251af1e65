import { connect, type Socket } from "node:net";
import { StartError } from "../start_error.ts";
import { type Line, linesOf, LONGEST, type Released, textOf } from "./lines.ts";

/** The other process has so long to finish what it is doing, in milliseconds. */
const ANSWERS_WITHIN = 15_000;

/** The process that was asked has ended the connection without an answer: perhaps it has ended itself. */
export class NoAnswer extends StartError {
  constructor() {
    super("--take-over: the gateway that runs does not hand over: it gave no answer");
  }
}

/**
 * The process that has the data folder, for the one that takes over. It goes on unless it is told `ready` in the end.
 */
export class RunningProcess {
  readonly #socket: Socket;
  readonly #lines: (within: number) => Promise<Line | undefined>;

  private constructor(socket: Socket, readonly version: string) {
    this.#socket = socket;
    this.#lines = linesOf(socket, LONGEST.answered);
  }

  /**
   * Finds the process that listens at a socket.
   *
   * @param version of this process
   * @returns nothing where none does
   * @throws {StartError} where that cannot be told
   */
  static async find(path: string, version: string): Promise<RunningProcess | undefined> {
    const socket = await connected(path);
    return socket && new RunningProcess(socket, version);
  }

  /**
   * From now on it notes what changes in the data folder: all that was before is there to be read.
   *
   * @throws {StartError} where it does not; {@link NoAnswer} where it has ended, perhaps
   */
  async prepare(): Promise<void> {
    await this.#ask({ prepare: this.version }, (answer) => "prepared" in answer ? answer : undefined);
  }

  /**
   * It gives up the data folder.
   *
   * @throws {StartError} where it does not; {@link NoAnswer} where it has ended, perhaps
   */
  async takeOver(): Promise<Released> {
    return await this.#ask({ takeOver: this.version }, (answer) => "released" in answer ? answer : undefined);
  }

  /** This process answers now. */
  ready(): void {
    this.#socket.end(textOf({ ready: true }));
  }

  /** This process does not get that far. */
  failed(): void {
    this.#socket.destroy();
  }

  async #ask<Answer extends Line>(line: Line, wanted: (answer: Line) => Answer | undefined): Promise<Answer> {
    this.#socket.write(textOf(line));
    const answer = await this.#lines(ANSWERS_WITHIN);
    const its = answer && wanted(answer);
    if (its !== undefined) return its;
    this.failed();
    if (answer === undefined || !("refused" in answer)) throw new NoAnswer();
    throw new StartError(`--take-over: the gateway that runs does not hand over: ${answer.refused}`);
  }
}

function connected(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once("connect", () => resolve(socket));
    socket.once("error", (error: Error) => {
      if (/ENOENT|ECONNREFUSED|NotFound|No such file|refused/i.test(error.message)) resolve(undefined);
      else reject(new StartError(`--take-over: ${path}: ${error.message}`));
    });
  });
}

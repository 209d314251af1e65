import type { Connection } from "./connection.ts";
import type { Terminal } from "./terminal.ts";

/** What a command works with. */
export interface Context {
  readonly connection: Connection;
  readonly terminal: Terminal;
  /** Whether the output is for machines: JSON. */
  readonly json: boolean;
  /**
   * Asks whoever sits there whether harm is to be done.
   *
   * @throws {Failure} where it is not, or where nobody can be asked
   */
  confirm(question: string): void;
  /** Unix time in milliseconds. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** A command that was chosen on the command line. @returns what the program ends with; nothing for 0 */
export type Run = (context: Context) => Promise<number | void>;

/** Takes the command that the command line has chosen. */
export type Choose = (run: Run) => void;

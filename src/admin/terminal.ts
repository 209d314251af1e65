import { messageOf } from "../error_message.ts";
import { EXIT, Failure } from "./failure.ts";

/** Where a command writes to, and whether somebody sits there. */
export interface Terminal {
  /** Columns of a line; Infinity where it goes into a file or another program. */
  readonly columns: number;
  readonly rows: number;
  /** Whether standard output is a terminal. */
  readonly isTerminal: boolean;
  readonly colours: boolean;
  /** Writes a line. @throws {ReaderGone | OutputFailed} */
  print(line: string): void;
  /** Writes a text as it is. @throws {ReaderGone | OutputFailed} */
  write(text: string): void;
  /** Writes a line for people who sit there, beside the output. */
  note(line: string): void;
}

/** Whoever read the output has had enough, `head` perhaps: there is nothing more to do. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone";
}

/** The output cannot be written, to a full disk perhaps. */
export class OutputFailed extends Failure {}

/** Standard output. */
export function standardTerminal(): Terminal {
  const isTerminal = Deno.stdout.isTerminal();
  const encoder = new TextEncoder();
  const write = (text: string) => {
    let bytes = encoder.encode(text);
    try {
      while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) throw new ReaderGone(undefined, { cause: error });
      const reason = messageOf(error);
      throw new OutputFailed(EXIT.refused, `the output cannot be written: ${reason}`, { cause: error });
    }
  };
  return {
    get columns() {
      return isTerminal ? size().columns : Infinity;
    },
    get rows() {
      return isTerminal ? size().rows : Infinity;
    },
    isTerminal,
    colours: isTerminal && !Deno.noColor,
    write,
    print: (line) => write(`${line}\n`),
    note: (line) => console.error(line),
  };
}

/** Some terminals say that they have no size. */
function size(): { columns: number; rows: number } {
  const { columns, rows } = Deno.consoleSize();
  return { columns: columns > 0 ? columns : 80, rows: rows > 0 ? rows : 24 };
}

export type Colour = "red" | "yellow" | "green" | "grey" | "bold";

const CODES: Readonly<Record<Colour, number>> = { bold: 1, red: 31, green: 32, yellow: 33, grey: 90 };

/** A text in a colour, on a terminal that has colours. */
export function coloured({ colours }: Pick<Terminal, "colours">, colour: Colour, text: string): string {
  return colours ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

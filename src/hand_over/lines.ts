import type { Socket } from "node:net";
import { z } from "zod";

/** Longest line, in characters. */
const LONGEST_LINE = 1024;

/** What the two processes tell each other, one JSON object a line. */
export const Line = z.union([
  /** I am about to take over. */
  z.object({ takeOver: z.string() }),
  /** The data folder is free. These are the ports that I listen on; operators may have none. */
  z.object({ released: z.object({ main: z.number(), operations: z.number().optional() }) }),
  z.object({ refused: z.string() }),
  /** I have the data folder and the ports: pass on what you have. */
  z.object({ ready: z.literal(true) }),
]);

export type Line = z.output<typeof Line>;

/** Ports that the process which is replaced listens on. */
export type Ports = Extract<Line, { released: unknown }>["released"];

export const textOf = (line: Line): string => `${JSON.stringify(line)}\n`;

/** What a line says; nothing where it is none of ours. */
function readLine(text: string): Line | undefined {
  try {
    return Line.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/**
 * Reads line by line; nothing where the connection ends, a line is none, or none comes in time.
 *
 * @param within milliseconds for each
 */
export function linesOf(socket: Socket, within: number): () => Promise<Line | undefined> {
  let text = "";
  let ended = false;
  let wake = () => {};
  socket.on("data", (chunk) => {
    text += chunk.toString();
    if (text.length > LONGEST_LINE) socket.destroy();
    wake();
  });
  for (const event of ["end", "close", "error"]) {
    socket.on(event, () => {
      ended = true;
      wake();
    });
  }
  return async () => {
    const timer = setTimeout(() => socket.destroy(), within);
    while (!text.includes("\n") && !ended) await new Promise<void>((resolve) => wake = resolve);
    clearTimeout(timer);
    const [line = "", ...rest] = text.split("\n");
    if (rest.length === 0) return undefined;
    text = rest.join("\n");
    return readLine(line);
  };
}

import type { Socket } from "node:net";
import { z } from "zod";
import { isStoredKey, type StoredKey } from "../fleet/mod.ts";

/** Longest line of the process that takes over, and of the one that is replaced, in characters. */
export const LONGEST = { asked: 1024, answered: 256 * 1024 * 1024 };

/** What the two processes tell each other, one JSON object a line. */
export const Line = z.union([
  /** I, a process of this version, read what is in the data folder, and take over then: note what changes. */
  z.object({ prepare: z.string() }),
  /** What has changed until now is in the data folder, and from now on it is noted. */
  z.object({ prepared: z.literal(true) }),
  /** I take over. */
  z.object({ takeOver: z.string() }),
  /** The data folder is free. These are the ports that I listen on; operators may have none. */
  z.object({
    released: z.object({ main: z.number(), operations: z.number().optional() }),
    /** The rows that I have noted, each once. */
    changed: z.array(z.custom<StoredKey>(isStoredKey)),
  }),
  z.object({ refused: z.string() }),
  /** I have the data folder and the ports: pass on what you have. */
  z.object({ ready: z.literal(true) }),
]);

export type Line = z.output<typeof Line>;

/** What the process that is replaced gives to the other one. */
export type Released = Extract<Line, { released: unknown }>;

/** Ports that the process which is replaced listens on. */
export type Ports = Released["released"];

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
 * Reads line by line; nothing where the connection ends, a line is none, or none comes within so many milliseconds.
 *
 * @param longest characters of a line
 */
export function linesOf(socket: Socket, longest: number): (within: number) => Promise<Line | undefined> {
  let text = "";
  let ended = false;
  let wake = () => {};
  socket.on("data", (chunk) => {
    text += chunk.toString();
    if (text.length > longest) socket.destroy();
    wake();
  });
  for (const event of ["end", "close", "error"]) {
    socket.on(event, () => {
      ended = true;
      wake();
    });
  }
  return async (within) => {
    const timer = setTimeout(() => socket.destroy(), within);
    while (!text.includes("\n") && !ended) await new Promise<void>((resolve) => wake = resolve);
    clearTimeout(timer);
    const [line = "", ...rest] = text.split("\n");
    if (rest.length === 0) return undefined;
    text = rest.join("\n");
    return readLine(line);
  };
}

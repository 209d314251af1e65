import { z } from "zod";

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
export function readLine(text: string): Line | undefined {
  try {
    return Line.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

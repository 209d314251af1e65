/** What the command line ends with. */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3 } as const;

/** Why a command could not be done: the message for people, and what the program ends with. */
export class Failure extends Error {
  override readonly name = "Failure";

  constructor(readonly exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** The gateway says no, or what was waited for will not come. */
export function refused(message: string): Failure {
  return new Failure(EXIT.refused, message);
}

/** The command line is wrong. */
export function misused(message: string): Failure {
  return new Failure(EXIT.usage, message);
}

/** Nothing answers there that is a gateway. */
export function unreachable(message: string, cause?: unknown): Failure {
  return new Failure(EXIT.unreachable, message, { cause });
}

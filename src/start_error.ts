/** A mistake of the operator's: in the configuration, the command line, a certificate or the data folder. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** What the program ends with. */
  readonly exitCode: number = 2;
}

/** What a program ends with that is to be started again (EX_TEMPFAIL of sysexits.h). */
export const NOT_NOW = 75;

/**
 * What keeps the program from starting now, and may pass by itself: a Redis that is away, say. It ends with {@link NOT_NOW}.
 */
export class NotNow extends StartError {
  override readonly exitCode = NOT_NOW;
}

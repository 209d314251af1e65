/** A mistake of the operator's: in the configuration, the command line, a certificate or the data folder. */
export class StartError extends Error {
  override readonly name = "StartError";
  /** What the program ends with. */
  readonly exitCode: number = 2;
}

/**
 * What keeps the program from starting now, and may pass by itself: a Redis that is away, say. It ends with 75, as programs do
 * that are to be started again (EX_TEMPFAIL of sysexits.h).
 */
export class NotNow extends StartError {
  override readonly exitCode = 75;
}

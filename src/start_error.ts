/** A mistake of the operator's: in the configuration, the command line, a certificate or the data folder. */
export class StartError extends Error {
  override readonly name = "StartError";
}

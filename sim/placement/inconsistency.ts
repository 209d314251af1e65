/** What the gateway's model counts is not what is in it: a fault of the gateway's. */
export class Inconsistency extends Error {
  override readonly name = "Inconsistency";
}

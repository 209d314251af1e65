import type { Count, Licence, Milliseconds } from "../../fleet/mod.ts";
import { StoreError } from "../port.ts";
import type { Follower } from "./follower.ts";
import { textsOf } from "./replies.ts";
import type { Session } from "./session.ts";

/** Attempts to get a share of a licence while others give theirs back. */
const ATTEMPTS = 5;

/** What a gateway asks for of a customer's licence. */
export interface Wanted {
  readonly customer: string;
  readonly wanted: Readonly<Count>;
  readonly licence: Licence;
  /** What the model has as reported of the customer, at the moment of the call. */
  readonly reported: () => Readonly<Count>;
  readonly lifetime: Milliseconds;
}

/**
 * Sets the share of this gateway, as `SharedStore.share` has it. Whatever others have given back may have been reported: it
 * is only shared again by who has been told of the report.
 *
 * @returns its share now
 * @throws {StoreError}
 */
export async function setShare(
  session: Session,
  follower: Follower,
  { customer, wanted, licence, reported, lifetime }: Wanted,
): Promise<Count> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const known = reported();
    const reply = textsOf(
      await session.runAsMember("share", [
        customer,
        ...[wanted.peers, wanted.rooms].map(String),
        ...[licence.maxPeers, licence.maxRooms].map((most) => most === Infinity ? "" : String(most)),
        ...[known.peers, known.rooms].map(String),
        String(follower.position.last),
        String(Math.round(lifetime)),
      ]),
    );
    const [peersOrPlace, rooms] = reply.map(Number);
    if (peersOrPlace === undefined) break;
    if (rooms !== undefined) return { peers: peersOrPlace, rooms };
    await follower.upTo(peersOrPlace);
  }
  throw new StoreError(
    "the other gateways give back their shares of the licence; it is not known what is left",
  );
}

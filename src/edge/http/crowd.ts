import type { Peer } from "./peers.ts";

/** What is looked at of a connection. */
type Member = Pick<Peer, "network" | "since" | "isServed">;

/**
 * Connections above the limit that are kept for a moment, for quick requests while all others are being served, and for
 * handshakes of TLS: the next one takes the place of one that is not being served.
 */
export const RESERVE = 8;

/** Connections that are looked at when one has to go, at most: it happens as often as strangers like. */
const LOOKED_AT = 64;

/** The connections of one network: those of strangers, in the order in which they came, and those that are proved. */
interface NetworkPeers<Each> {
  readonly strangers: Set<Each>;
  readonly proved: Set<Each>;
}

/** Connections by their networks, and which of them goes when there are too many. */
export class Crowd<Each extends Member> {
  readonly #networks = new Map<string, NetworkPeers<Each>>();

  add(peer: Each): void {
    let peers = this.#networks.get(peer.network);
    if (peers === undefined) {
      peers = { strangers: new Set(), proved: new Set() };
      this.#networks.set(peer.network, peers);
    }
    peers.strangers.add(peer);
  }

  /** Nothing is done where it is not there. */
  remove(peer: Each): void {
    const peers = this.#networks.get(peer.network);
    if (peers === undefined) return;
    peers.strangers.delete(peer);
    peers.proved.delete(peer);
    if (sizeOf(peers) === 0) this.#networks.delete(peer.network);
  }

  /** It is no stranger's: others go first from now on. */
  prove(peer: Each): void {
    const peers = this.#networks.get(peer.network);
    if (peers?.strangers.delete(peer)) peers.proved.add(peer);
  }

  /**
   * There are too many: one goes, of the network that has most. Of strangers it is one that has been idle for longest, so that
   * a newcomer has its time to ask for something, however many come; then one that is proved, but not for a crowd of strangers.
   * Where all others are being served, a newcomer of that network is let in as far as the reserve goes.
   *
   * @param over by how many there are too many
   * @returns nothing where the newcomer has a place of the reserve
   */
  whoGoes(newcomer: Each, over: number): Each | undefined {
    const own = this.#networks.get(newcomer.network);
    if (own === undefined) throw new Error("a newcomer was not added");
    let heaviest = own;
    for (const peers of this.#networks.values()) if (sizeOf(peers) > sizeOf(heaviest)) heaviest = peers;
    const { strangers, proved } = heaviest;
    const isCrowd = strangers.size > RESERVE;
    const idle = longestIdle(strangers, newcomer) ?? (isCrowd ? undefined : longestIdle(proved, newcomer));
    if (idle !== undefined) return idle;
    if (heaviest === own) return over > RESERVE ? newcomer : undefined;
    const [oldest] = strangers.size > 0 ? strangers : proved;
    return oldest;
  }
}

function sizeOf({ strangers, proved }: NetworkPeers<unknown>): number {
  return strangers.size + proved.size;
}

/** Of the first of these, the one that has done nothing for longest; nothing where all are being served. */
function longestIdle<Each extends Member>(peers: Iterable<Each>, newcomer: Each): Each | undefined {
  let longest: Each | undefined;
  let looked = 0;
  for (const peer of peers) {
    if (looked++ === LOOKED_AT) break;
    if (peer === newcomer || peer.isServed) continue;
    if (longest === undefined || peer.since < longest.since) longest = peer;
  }
  return longest;
}

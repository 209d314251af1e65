import * as fleet from "../fleet/mod.ts";
import type { ConnectInput, Count, Licence, Milliseconds, Model } from "../fleet/mod.ts";
import { GatewayCount } from "./gateway_count.ts";
import type { Replication } from "./replication.ts";
import { orNothing } from "./store_error.ts";
import type { Timers } from "./timers.ts";

/** What one of several gateways may have of a licence on the way, without asking again. */
interface Held {
  licence: Licence;
  share: Readonly<Count>;
  /**
   * Of it, who may be let in yet. Whoever has come is in the share no more, though that is not told yet: what is reported counts
   * beside it.
   */
  left: Count;
  /** All who were let in. */
  letIn: Count;
  /** When it was last set. */
  at: Milliseconds;
  /** While the store is asked for another. */
  asked: Promise<unknown> | undefined;
  /**
   * While the store cannot be asked, and for a while afterwards: what this gateway may let in yet. What comes free meanwhile,
   * others may have let in.
   */
  alone: Count | undefined;
  /** Who was let in since the last tick at which others were heard, and since the one before: they may not know of them. */
  recent: Count;
  before: Count;
  /** When that is over: whoever was let in meanwhile has been reported, or is not on the way any more. */
  aloneUntil: Milliseconds | undefined;
}

/** A share is larger than what is needed by this fraction of a licence, or so many; by less where little is left. */
const AHEAD = { fraction: 0.02, least: 8, ofRest: 1 / 8 };

/** A share is set anew so often while it is used; by itself it ends this much later than grants do. */
const RENEW: Milliseconds = 5000;
const LONGER: Milliseconds = 2 * RENEW;

/** Where others have all that is left, a Connect waits for what they give back: so often, so long. */
const TRIES = 4;
const TRY_AFTER: Milliseconds = 150;

type Refusal = "peer-limit" | "room-limit";

/**
 * The shares of licences that this gateway has, where several share the store: all together are never more than what is left,
 * so that a client within one's own share is let in without asking anybody. While the store is away each gateway has an
 * equal part of what was left when it went, whatever its share was; one that does not know how many there are has none.
 */
export class LicenceShares {
  readonly #model: Model;
  readonly #replication: Replication;
  readonly #gateways: GatewayCount;
  readonly #timers: Timers;
  readonly #now: () => Milliseconds;
  readonly #held = new Map<string, Held>();

  constructor(model: Model, replication: Replication, timers: Timers, now: () => Milliseconds) {
    this.#model = model;
    this.#replication = replication;
    this.#gateways = new GatewayCount(replication, now);
    this.#timers = timers;
    this.#now = now;
  }

  /**
   * Whether the client is within this gateway's share of its customer's licence. What the model counts as used is not looked
   * at: `fleet.connect` does that. While the store cannot be asked, whoever is let in takes something of what is left for good.
   */
  cover(input: ConnectInput): boolean {
    if (isUnlimited(input.licence)) return true;
    const further = fleet.further(this.#model, input);
    if (this.#lacking(input, further) !== undefined) return false;
    const held = this.#held.get(input.customer);
    if (held === undefined) return true;
    add(held.recent, further, 1);
    add(held.letIn, further, 1);
    add(held.left, further, -1);
    if (held.alone !== undefined) add(held.alone, further, -1);
    return true;
  }

  /**
   * Asks the store for a share that the client is within.
   *
   * @returns why it cannot be let in; nothing where it can, unless somebody else is first. While the store cannot be asked, what
   *   is left of the licence is not known: only a part of it is this gateway's, and that this is used up is no limit
   */
  async ask(input: ConnectInput): Promise<Refusal | "not-durable" | undefined> {
    const { customer, licence } = input;
    const lacks = () => this.#lacking(input, fleet.further(this.#model, input));
    for (let attempt = 1;; attempt++) {
      const lacking = lacks();
      if (lacking === undefined) return undefined;
      const exceeded = fleet.wouldExceed(this.#model, input);
      if (exceeded !== undefined) {
        // Others may have given back what still counts here.
        if (attempt > 1 || !await this.#replication.catchUp()) return exceeded;
        continue;
      }
      // They come back one after the other, and have let somebody in meanwhile.
      if (this.#gateways.isAwaiting) return "not-durable";
      // What others hold is no limit, unless it is all that is left.
      if (attempt > TRIES) return this.#isScarce(customer, licence) ? lacking : "not-durable";
      const asked = this.#held.get(customer)?.asked;
      if (asked !== undefined) {
        attempt--;
        await asked;
        continue;
      }
      await this.#set(customer, licence, this.#wanted(input));
      const isUnknown = this.#held.get(customer)?.alone !== undefined;
      if (isUnknown && lacks() !== undefined) return "not-durable";
      if (attempt < TRIES && lacks() !== undefined) {
        await this.#wait(TRY_AFTER);
      }
    }
  }

  /** Time passes. To be called a few times a second, whether the store can be heard or not. */
  look(): void {
    this.#gateways.look();
  }

  /** Gives back what is not needed, and keeps what is. To be called a few times a second. O(customers with a share) */
  giveBack(): void {
    const now = this.#now();
    const { isFresh, isAway } = this.#replication;
    for (const [customer, held] of this.#held) {
      if (isFresh && !isAway) [held.before, held.recent] = [held.recent, nothing()];
      const { licence, share, at, asked, alone, aloneUntil } = held;
      const own = this.#own(customer);
      if (alone !== undefined) {
        // What it may let in yet counts for the others as soon as they can be told.
        const isBack = !isAway && aloneUntil === undefined;
        if (asked === undefined && (isBack || now - at >= RENEW)) {
          this.#set(customer, licence, shareFor(own, alone));
        }
        continue;
      }
      const isScarce = this.#isScarce(customer, licence);
      const isIdle = own.peers === 0 && own.rooms === 0;
      // Much of it may be left over from when the store was away.
      const most = isScarce ? own : this.#withAhead(customer, licence, own, 2);
      const isTooMuch = (share.peers > most.peers && licence.maxPeers !== Infinity) ||
        (share.rooms > most.rooms && licence.maxRooms !== Infinity);
      if (asked !== undefined || (now - at < RENEW && !isTooMuch)) continue;
      const needed = isScarce || isIdle ? own : this.#withAhead(customer, licence, own);
      this.#set(customer, licence, least(share, needed));
    }
  }

  /** What the client lacks of the share, if anything. */
  #lacking(
    { customer, licence }: ConnectInput,
    { peers, rooms }: Readonly<Count>,
  ): Refusal | undefined {
    const left = this.#left(customer);
    if (peers > 0 && licence.maxPeers !== Infinity && peers > left.peers) return "peer-limit";
    if (rooms > 0 && licence.maxRooms !== Infinity && rooms > left.rooms) return "room-limit";
    return undefined;
  }

  /** What this gateway may let in of the customer without asking anybody. */
  #left(customer: string): Readonly<Count> {
    const held = this.#held.get(customer);
    if (held === undefined) return fleet.NOTHING;
    if (this.#replication.isAway) held.alone ??= this.#partOf(customer, held);
    if (held.alone !== undefined) return held.alone;
    if (this.#now() - held.at >= this.#model.settings.grantTimeout + RENEW) return fleet.NOTHING;
    return held.left;
  }

  #wanted(input: ConnectInput): Count {
    const { licence, customer } = input;
    const { peers, rooms } = fleet.further(this.#model, input);
    const own = this.#own(customer);
    const alone = this.#held.get(customer)?.alone;
    if (alone !== undefined) return shareFor(own, alone);
    return this.#withAhead(customer, licence, { peers: own.peers + peers, rooms: own.rooms + rooms });
  }

  /** So many, and more that may come before the store is asked again. */
  #withAhead(
    customer: string,
    { maxPeers, maxRooms }: Licence,
    { peers, rooms }: Readonly<Count>,
    times = 1,
  ): Count {
    const usage = this.#model.usage.get(customer);
    return {
      peers: peers + times * ahead(maxPeers, usage?.peers),
      rooms: rooms + times * ahead(maxRooms, usage?.rooms),
    };
  }

  #set(customer: string, licence: Licence, wanted: Readonly<Count>): Promise<void> {
    const held = this.#held.get(customer) ??
      {
        ...{ licence, share: fleet.NOTHING, left: nothing(), letIn: nothing(), at: -Infinity },
        ...{
          asked: undefined,
          alone: undefined,
          aloneUntil: undefined,
          recent: nothing(),
          before: nothing(),
        },
      };
    this.#held.set(customer, held);
    held.licence = licence;
    // Until the answer comes, only what surely stays counts.
    held.share = least(held.share, wanted);
    held.left = least(held.left, leftOf(wanted, this.#own(customer)));
    const asked = this.#ask(customer, held, { ...wanted });
    held.asked = asked;
    return asked;
  }

  async #ask(customer: string, held: Held, wanted: Count): Promise<void> {
    const at = this.#now();
    const own = this.#own(customer);
    const before = { own: { ...own }, letIn: { ...held.letIn } };
    const reported = () => this.#model.usage.get(customer)?.reported ?? fleet.NOTHING;
    const lifetime = this.#model.settings.grantTimeout + LONGER;
    const { shared } = this.#replication;
    const share = await orNothing(shared.share(customer, wanted, held.licence, reported, lifetime));
    if (share === undefined) {
      held.alone ??= this.#partOf(customer, held);
      held.aloneUntil = undefined;
    } else {
      held.share = share;
      held.left = leftOf(leftOf(share, before.own), leftOf(held.letIn, before.letIn));
      held.at = at;
      this.#rejoin(customer, held);
    }
    held.asked = undefined;
    const { peers, rooms } = held.share;
    if (peers === 0 && rooms === 0 && held.alone === undefined) this.#held.delete(customer);
  }

  /** The store can be asked: what others have let in by their parts it may not know yet. */
  #rejoin(customer: string, held: Held): void {
    if (held.alone === undefined) return;
    const now = this.#now();
    const { share } = held;
    const own = this.#own(customer);
    held.alone = least(held.alone, leftOf(share, own));
    held.aloneUntil ??= now + this.#model.settings.grantTimeout;
    if (now < held.aloneUntil) return;
    held.alone = held.aloneUntil = undefined;
  }

  /** This gateway's part where the store cannot be asked; of it, it has used what the others may not know of. */
  #partOf(customer: string, { licence: { maxPeers, maxRooms }, recent, before }: Held): Count {
    const gateways = this.#gateways.known;
    if (gateways === undefined) return nothing();
    const usage = this.#model.usage.get(customer);
    const part = (limit: number, used: number, untold: number) =>
      Math.max(0, Math.floor((limit - used + untold) / gateways) - untold);
    return {
      peers: part(maxPeers, usage?.peers ?? 0, recent.peers + before.peers),
      rooms: part(maxRooms, usage?.rooms ?? 0, recent.rooms + before.rooms),
    };
  }

  /** Whether so little is left that nobody may have more than is needed. */
  #isScarce(customer: string, { maxPeers, maxRooms }: Licence): boolean {
    const usage = this.#model.usage.get(customer);
    const left = Math.min(maxPeers - (usage?.peers ?? 0), maxRooms - (usage?.rooms ?? 0));
    return left < AHEAD.least / AHEAD.ofRest;
  }

  #own(customer: string): Readonly<Count> {
    return this.#model.usage.get(customer)?.own ?? fleet.NOTHING;
  }

  #wait(time: Milliseconds): Promise<void> {
    return new Promise((resolve) => this.#timers.after(time, resolve));
  }
}

function isUnlimited({ maxPeers, maxRooms }: Licence): boolean {
  return maxPeers === Infinity && maxRooms === Infinity;
}

function nothing(): Count {
  return { peers: 0, rooms: 0 };
}

function add(count: Count, { peers, rooms }: Readonly<Count>, sign: 1 | -1): void {
  count.peers += sign * peers;
  count.rooms += sign * rooms;
}

function least(one: Readonly<Count>, other: Readonly<Count>): Count {
  return { peers: Math.min(one.peers, other.peers), rooms: Math.min(one.rooms, other.rooms) };
}

/** What is left of so many once others are taken away. */
function leftOf(all: Readonly<Count>, { peers, rooms }: Readonly<Count>): Count {
  return { peers: Math.max(0, all.peers - peers), rooms: Math.max(0, all.rooms - rooms) };
}

/** What is to be in the share: own, and what may be let in yet; but that has no limit where the licence has none. */
function shareFor(own: Readonly<Count>, alone: Readonly<Count>): Count {
  const of = (own: number, alone: number) => alone === Infinity ? own : own + Math.max(0, alone);
  return { peers: of(own.peers, alone.peers), rooms: of(own.rooms, alone.rooms) };
}

/** What a share is larger by than what is needed. */
function ahead(limit: number, used = 0): number {
  if (limit === Infinity) return 0;
  const most = Math.max(AHEAD.least, AHEAD.fraction * limit);
  return Math.max(0, Math.floor(Math.min(most, (limit - used) * AHEAD.ofRest)));
}
